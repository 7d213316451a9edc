use std::time::Duration;

/// How calls are counted and kept.
#[derive(Debug, Clone, Copy)]
pub struct CallPace {
    /// What calls are summed up by; less in tests.
    pub minute: Duration,
    /// How long the log keeps a call; zero keeps none.
    pub keep: Duration,
    /// Until what was logged is written.
    pub write: Duration,
    /// Between two sweeps of the log.
    pub sweep: Duration,
}

impl CallPace {
    /// Days that the log is kept for, where nobody says otherwise.
    pub const DEFAULT_KEEP_DAYS: u32 = 7;

    /// Keeps the log for so many days; 0 keeps none.
    pub fn keeping_days(days: u32) -> Self {
        let day = Duration::from_secs(24 * 3600);
        Self {
            minute: Duration::from_secs(60),
            keep: day * days,
            write: Duration::from_secs(1),
            sweep: Duration::from_secs(600),
        }
    }
}

impl Default for CallPace {
    fn default() -> Self {
        Self::keeping_days(Self::DEFAULT_KEEP_DAYS)
    }
}
