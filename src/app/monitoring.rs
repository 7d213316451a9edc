//! What watches over providers, and tells of it.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::tasks::Tasks;
use crate::{
    alert_channel::{AlertChannel, AlertChannels, ChannelUnavailable},
    command::Commands,
    domain::provider::{BalanceWatch, UpstreamPolicy},
    process::{
        AlertDelivery, AlertDeliveryNeeds, BalanceMonitor, BalanceMonitorNeeds, BalancePace,
        CallBook, CallLog, CallLogNeeds, CallPace, CallSummary, CallSummaryNeeds, DeliveryPace,
        DispatchStatus,
    },
    provider_api::{CallRecord, PanelClient},
    read::Reads,
    vital,
};

/// How providers are watched, and where operators are told.
#[derive(Debug, Clone, Default)]
pub struct Monitoring {
    /// How often providers are asked for balances.
    pub balances: BalancePace,
    /// When our balance at a provider is low.
    pub balance_watch: BalanceWatch,
    /// How provider calls are counted and logged.
    pub calls: CallPace,
    /// Where operators are told of alerts.
    pub channels: AlertChannels,
    /// How they are told.
    pub delivery: DeliveryPace,
}

/// What is made before anybody is watched.
pub(super) struct Prepared {
    book: CallBook,
    logged: mpsc::Receiver<CallRecord>,
    channels: Vec<AlertChannel>,
}

impl Prepared {
    pub(super) fn of(monitoring: &Monitoring) -> Result<Self, ChannelUnavailable> {
        let (book, logged) = CallBook::open(monitoring.calls);
        let AlertChannels { webhook, telegram } = monitoring.channels.clone();
        let webhook = webhook.map(AlertChannel::to_webhook).transpose()?;
        let telegram = telegram.map(AlertChannel::to_telegram).transpose()?;
        Ok(Self { book, logged, channels: webhook.into_iter().chain(telegram).collect() })
    }

    /// Counts and logs the client's calls from now on.
    pub(super) fn watching(&self, client: PanelClient) -> PanelClient {
        client.watched_by(Arc::new(self.book.clone()))
    }
}

/// What the watch is composed of.
pub(super) struct MonitorNeeds {
    pub(super) commands: Commands,
    pub(super) client: PanelClient,
    pub(super) policy: UpstreamPolicy,
    pub(super) reads: Reads,
    pub(super) monitoring: Monitoring,
    pub(super) dispatching: watch::Receiver<DispatchStatus>,
    pub(super) stop: CancellationToken,
}

/// What puts calls on record: it ends last, once no call is made any more.
#[derive(Debug)]
pub(super) struct CallRecords {
    tasks: Tasks,
    no_more_calls: CancellationToken,
}

/// Begins the watch; what ends with the program's other work is among `tasks`.
pub(super) fn start(prepared: Prepared, needs: MonitorNeeds, tasks: &mut Tasks) -> CallRecords {
    let Prepared { book, logged, channels } = prepared;
    let MonitorNeeds { commands, monitoring, .. } = needs;
    let no_more_calls = CancellationToken::new();
    let pool = commands.journal().pool().clone();
    let summary = CallSummary::new(CallSummaryNeeds {
        commands: commands.clone(),
        book,
        minute: monitoring.calls.minute,
        stop: no_more_calls.clone(),
    });
    let log = CallLog::new(CallLogNeeds {
        pool,
        calls: logged,
        pace: monitoring.calls,
        stop: no_more_calls.clone(),
    });
    let balances = BalanceMonitor::new(BalanceMonitorNeeds {
        commands,
        client: needs.client,
        policy: needs.policy,
        pace: monitoring.balances,
        dispatching: needs.dispatching.clone(),
        stop: needs.stop.clone(),
    });
    let delivery = AlertDelivery::new(AlertDeliveryNeeds {
        reads: needs.reads.pool().clone(),
        channels,
        pace: monitoring.delivery,
        dispatching: needs.dispatching,
        stop: needs.stop,
    });
    tasks.spawn("the watch on balances", vital::or_end("balance monitor", balances.run()));
    tasks.spawn("the delivery of alerts", vital::or_end("alert delivery", delivery.run()));
    let mut recorders = Tasks::default();
    recorders.spawn("the count of calls", vital::or_end("call summary", summary.run()));
    recorders.spawn("the log of calls", vital::or_end("call log", log.run()));
    CallRecords { tasks: recorders, no_more_calls }
}

impl CallRecords {
    /// Returns when one of the tasks has ended by itself.
    pub(super) async fn one_ended(&mut self) {
        self.tasks.one_ended().await;
    }

    /// Returns once what was counted is on record, and what was logged is written.
    pub(super) async fn stop(self) {
        self.no_more_calls.cancel();
        self.tasks.all_ended().await;
    }
}
