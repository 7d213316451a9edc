use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::order::GivenUpAs;

/// Longest wait: thirty days.
const MAX_MINUTES: i32 = 30 * 24 * 60;

/// What becomes of orders of a service that stay in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "StoredPolicy", try_from = "StoredPolicy")]
pub enum DoubtPolicy {
    /// They are held until evidence or an operator settles them.
    #[default]
    Hold,
    /// They are given up.
    GiveUp {
        /// To what end.
        given_up_as: GivenUpAs,
        /// After so many minutes in doubt.
        after_minutes: i32,
    },
}

/// What is no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDoubtPolicy {
    /// Out of bounds.
    #[error("the policy waits {0} minutes: give 1 to {MAX_MINUTES}")]
    Minutes(i32),
    /// Nothing happens at any time.
    #[error("an order that is held waits without end: give no minutes")]
    HoldHasNoEnd,
    /// Something is to happen, and it is not said when.
    #[error("say after how many minutes in doubt")]
    NoMinutes,
}

/// As events and read models have it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredPolicy {
    /// `None` holds.
    given_up_as: Option<GivenUpAs>,
    after_minutes: Option<i32>,
}

impl DoubtPolicy {
    /// Takes what is to happen, of which `None` is to hold, and after how many minutes.
    ///
    /// # Errors
    /// [`InvalidDoubtPolicy`] names the broken rule.
    pub fn try_new(
        given_up_as: Option<GivenUpAs>,
        after_minutes: Option<i32>,
    ) -> Result<Self, InvalidDoubtPolicy> {
        match (given_up_as, after_minutes) {
            (None, None) => Ok(Self::Hold),
            (None, Some(_)) => Err(InvalidDoubtPolicy::HoldHasNoEnd),
            (Some(_), None) => Err(InvalidDoubtPolicy::NoMinutes),
            (Some(given_up_as), Some(after_minutes @ 1..=MAX_MINUTES)) => {
                Ok(Self::GiveUp { given_up_as, after_minutes })
            }
            (Some(_), Some(minutes)) => Err(InvalidDoubtPolicy::Minutes(minutes)),
        }
    }

    /// Returns to what end, and after how many minutes, an order that has been in doubt since then is given up by now.
    pub fn gives_up(self, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<(GivenUpAs, i32)> {
        match self {
            Self::GiveUp { given_up_as, after_minutes }
                if now >= since + TimeDelta::minutes(i64::from(after_minutes)) =>
            {
                Some((given_up_as, after_minutes))
            }
            Self::GiveUp { .. } | Self::Hold => None,
        }
    }
}

impl From<DoubtPolicy> for StoredPolicy {
    fn from(policy: DoubtPolicy) -> Self {
        match policy {
            DoubtPolicy::Hold => Self { given_up_as: None, after_minutes: None },
            DoubtPolicy::GiveUp { given_up_as, after_minutes } => {
                Self { given_up_as: Some(given_up_as), after_minutes: Some(after_minutes) }
            }
        }
    }
}

impl TryFrom<StoredPolicy> for DoubtPolicy {
    type Error = InvalidDoubtPolicy;

    fn try_from(stored: StoredPolicy) -> Result<Self, InvalidDoubtPolicy> {
        Self::try_new(stored.given_up_as, stored.after_minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_waits_for_some_time_or_holds_without_end() {
        let risk = Some(GivenUpAs::AcceptRisk);
        assert_eq!(DoubtPolicy::try_new(None, None), Ok(DoubtPolicy::Hold));
        assert!(DoubtPolicy::try_new(risk, Some(MAX_MINUTES)).is_ok());
        for (given_up_as, minutes) in
            [(None, Some(5)), (risk, None), (risk, Some(0)), (risk, Some(MAX_MINUTES + 1))]
        {
            assert!(DoubtPolicy::try_new(given_up_as, minutes).is_err(), "{minutes:?}");
        }
    }

    #[test]
    fn order_is_given_up_once_its_time_is_over_and_not_before() {
        let (risk, since) = (GivenUpAs::AcceptRisk, DateTime::UNIX_EPOCH);
        let policy = DoubtPolicy::try_new(Some(risk), Some(5)).unwrap();
        let after = |seconds| policy.gives_up(since, since + TimeDelta::seconds(seconds));
        assert_eq!((after(299), after(300)), (None, Some((risk, 5))));
        assert_eq!(DoubtPolicy::Hold.gives_up(since, since + TimeDelta::days(999)), None);
    }
}
