//! The read models' tables as rows: what GraphQL and the demo show.
//!
//! # Shape
//! One file per noun. Each adds its queries to [`Reads`], which knows only a pool whose connections look into the read
//! models' schemas first and into `public` after them.
//!
//! # Correctness
//! Every read model is folded on its own, so two tables may stand at different positions for some milliseconds. Who needs
//! to see a change waits for its position before reading. What was deleted or retired is left out of lists, and found by
//! id as long as history names it.
//!
//! # Cost
//! Pages are read by key, never by offset; lookups of many things take one statement, joined laterally to the list of
//! keys, because plans made for small tables stay in use after the tables have grown.

mod advice;
mod alert_deliveries;
mod alerts;
mod attempts;
mod call_hours;
mod call_log;
mod coverage;
mod error;
mod error_texts;
mod events;
mod evidence;
mod failover_logs;
mod feed;
mod grouped;
mod health_log;
pub mod open_orders;
mod orders;
mod owed_syncs;
mod p95;
mod page;
mod performance;
mod price_history;
mod providers;
mod rankings;
mod reads;
mod refills;
mod services;
mod sync_logs;
mod sync_schedule;
mod waiting_orders;

pub use advice::AdviceRow;
pub use alert_deliveries::AlertDeliveryRow;
pub use alerts::AlertRow;
pub use attempts::AttemptRow;
pub use call_hours::{CallHour, CallHoursOf};
pub use call_log::CallLogRow;
pub use coverage::{Coverage, CoverageRow};
pub use error::ReadError;
pub use error_texts::{ErrorTextCallRow, ErrorTextProviderRow, ErrorTextRow};
pub use events::{EventRow, EventSelection, InvalidStream, StreamName};
pub use evidence::EvidenceRow;
pub use failover_logs::{FailoverLogRow, FailoverSelection};
pub use feed::{Feed, FeedPage};
pub use health_log::{HealthChangeRow, HealthLogOf};
pub use orders::{OrderRow, OrderSelection};
pub use page::{Page, PageRequest};
pub use performance::{Failures, Performance, ProviderDay};
pub use price_history::{PriceHistoryOf, PricePointRow};
pub use providers::{Health, ProviderRow, StandingRow, SuspensionRow, TermsRow};
pub use rankings::ProviderRanking;
pub use reads::Reads;
pub use refills::RefillRow;
pub use services::{MappingRow, ServiceRow, ServiceSelection};
pub use sync_logs::SyncLogRow;
pub use sync_schedule::SyncScheduleRow;
pub use waiting_orders::WaitingOrders;
