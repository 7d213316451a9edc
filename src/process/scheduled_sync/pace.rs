use std::time::Duration;

/// How the schedule of syncs is kept.
#[derive(Debug, Clone, Copy)]
pub struct SyncPace {
    /// What counts as one of the minutes that an interval is set in; less in tests.
    pub minute: Duration,
    /// Between two looks at which syncs are due.
    pub glance: Duration,
    /// What is overdue at the first look begins within this time.
    pub overdue_within: Duration,
    /// How long a provider is left alone whose sync could not begin.
    pub rest: Duration,
    /// Most syncs under way.
    pub at_once: usize,
}

impl Default for SyncPace {
    /// A look every 15 s; what is overdue begins within five minutes, two at a time.
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self { minute, glance: minute / 4, overdue_within: 5 * minute, rest: minute, at_once: 2 }
    }
}
