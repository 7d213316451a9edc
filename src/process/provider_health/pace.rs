use std::time::Duration;

/// How closely providers that are set aside are watched.
#[derive(Debug, Clone, Copy)]
pub struct HealthPace {
    /// Between two looks at whose pause is over.
    pub glance: Duration,
    /// How long the order of a trial is taken at its driver's word, before it is looked at itself.
    pub trial_patience: Duration,
    /// Between two syncs of a provider that are asked for because it refuses services.
    pub sync_rest: Duration,
}

impl Default for HealthPace {
    fn default() -> Self {
        Self {
            glance: Duration::from_millis(200),
            trial_patience: Duration::from_secs(2),
            sync_rest: Duration::from_secs(5 * 60),
        }
    }
}
