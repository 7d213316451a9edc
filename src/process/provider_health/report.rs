use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use crate::domain::{AttemptId, ProviderId, ServiceId, provider::Outcome};

/// How an attempt ended, as its driver saw it.
#[derive(Debug, Clone)]
pub struct AttemptReport {
    /// Who was asked.
    pub provider_id: ProviderId,
    /// For which service.
    pub service_id: ServiceId,
    /// Which attempt.
    pub attempt_id: AttemptId,
    /// Whether it was to try if the provider works again.
    pub is_trial: bool,
    /// When the call began.
    pub began_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// The provider's own words, or what went wrong.
    pub words: String,
}

/// Where reports go. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AttemptReports(mpsc::UnboundedSender<AttemptReport>);

impl AttemptReports {
    /// Makes the way, and its other end.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<AttemptReport>) {
        let (sender, received) = mpsc::unbounded_channel();
        (Self(sender), received)
    }

    /// Hands a report in.
    pub fn send(&self, report: AttemptReport) {
        // Without a listener the program is stopping.
        let _ = self.0.send(report);
    }
}
