//! The only loops, and the only callers of providers: events in, provider calls, commands out.

mod alert_delivery;
mod balance_monitor;
mod catalogue_sync;
mod connection_test;
mod doubt_settlement;
mod endpoints;
mod operations;
mod order_dispatch;
mod order_requests;
mod order_status;
mod provider_calls;
mod provider_health;
mod provider_ranking;
mod rests;
mod scheduled_sync;
mod tenures;
mod timing;

pub use alert_delivery::{AlertDelivery, AlertDeliveryNeeds, DeliveryPace};
pub use balance_monitor::{BalanceMonitor, BalanceMonitorNeeds, BalancePace};
pub use catalogue_sync::Delisting;
pub use connection_test::ConnectionTest;
pub use doubt_settlement::{DoubtPace, DoubtSettlement, DoubtSettlementNeeds};
pub use endpoints::{EndpointError, Endpoints};
pub use operations::ProviderOperations;
pub use order_dispatch::{Dispatch, DispatchNeeds, DispatchPace, DispatchStatus};
pub use order_requests::AskedOrders;
pub use order_status::{StatusPace, StatusPoll, StatusPollNeeds};
pub use provider_calls::{
    CallBook, CallLog, CallLogNeeds, CallPace, CallSummary, CallSummaryNeeds,
};
pub use provider_health::{
    AttemptReport, AttemptReports, HealthPace, ProviderHealth, ProviderHealthNeeds,
};
pub use provider_ranking::{ProviderRankingNeeds, ProviderRankings};
pub use scheduled_sync::{ScheduledSync, ScheduledSyncNeeds, SyncPace};
