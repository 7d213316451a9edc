//! How a panel misbehaves, and when.

use http::StatusCode;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Action;

/// Says which calls go wrong, and how.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// The action that it happens to; `None` means every action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// The share of those calls that it happens to, 0 to 1, drawn from the panel's seed.
    #[serde(default = "always", deserialize_with = "share")]
    pub share: f64,
    /// How many more times it happens; `None` means without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// Whether the panel acts on the call before it goes wrong.
    #[serde(default)]
    pub moment: Moment,
}

impl FaultRule {
    /// Makes every call of `action` go wrong, before the panel acts on it.
    #[must_use]
    pub fn on(action: Action, fault: Fault) -> Self {
        Self { action: Some(action), ..Self::everywhere(fault) }
    }

    /// Makes every call go wrong, before the panel acts on it.
    #[must_use]
    pub fn everywhere(fault: Fault) -> Self {
        Self { fault, action: None, share: 1.0, remaining: None, moment: Moment::Before }
    }

    /// Spares all but a share of the calls, 0 to 1.
    #[must_use]
    pub fn share(self, share: f64) -> Self {
        Self { share, ..self }
    }

    /// Ends the fault after it happened `count` times.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self { remaining: Some(count), ..self }
    }

    /// Lets the panel act on the call first: an order is accepted and charged, and then it goes wrong.
    #[must_use]
    pub fn after(self) -> Self {
        Self { moment: Moment::After, ..self }
    }

    /// Draws whether the rule hits a call of `action`, and counts the hit.
    pub(super) fn hits(&mut self, action: Option<Action>, rng: &mut fastrand::Rng) -> bool {
        if self.remaining == Some(0) || (self.action.is_some() && self.action != action) {
            return false;
        }
        let hit = rng.f64() < self.share;
        if hit && let Some(left) = &mut self.remaining {
            *left -= 1;
        }
        hit
    }
}

/// Whether the panel has acted on a call when it goes wrong.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Nothing was done: no order, no charge.
    #[default]
    Before,
    /// All was done, and only the answer goes wrong.
    After,
}

/// One way to misbehave.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// HTTP 200 with `{"error":"…"}` and this text.
    Refuse(String),
    /// HTTP 429.
    TooManyRequests {
        /// The header `Retry-After` in seconds, or none.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
        /// What the answer says.
        #[serde(default)]
        body: RateLimitBody,
    },
    /// A firewall's HTML page under HTTP 503, with the header `Retry-After`.
    Unavailable {
        /// The header, in seconds.
        retry_after_seconds: u64,
    },
    /// HTTP 500 with a line of plain text.
    ServerError,
    /// A firewall's HTML page under this status.
    Html(#[serde(with = "status_number")] StatusCode),
    /// The right answer, this many milliseconds late; before acting, the order itself comes late.
    SlowMs(u64),
    /// No answer, and the connection stays open.
    Silent,
    /// The connection is reset (TCP RST) instead of an answer.
    Reset,
    /// JSON that breaks off half-way.
    Truncated,
    /// `[]`, which must not empty a client's catalogue.
    EmptyList,
}

/// What an answer of HTTP 429 says.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitBody {
    /// `{"error":"Rate limit exceeded"}`.
    #[default]
    Json,
    /// `Too many requests`, as plain text.
    Text,
    /// A firewall's page, which is no answer of the panel.
    Html,
    /// Nothing.
    Empty,
}

fn always() -> f64 {
    1.0
}

fn share<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let share = f64::deserialize(from)?;
    if !(0.0..=1.0).contains(&share) {
        return Err(D::Error::custom("`share` must lie between 0 and 1"));
    }
    Ok(share)
}

mod status_number {
    use super::*;

    pub(super) fn serialize<S: Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u16(status.as_u16())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<StatusCode, D::Error> {
        let number = u16::deserialize(from)?;
        // A 1xx is no final answer: the connection would wait for another.
        StatusCode::from_u16(number)
            .ok()
            .filter(|status| !status.is_informational())
            .ok_or_else(|| D::Error::custom("give an HTTP status from 200 to 999"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_as_the_documentation_writes_it() {
        let text = r#"{"fault":{"too_many_requests":{"retry_after_seconds":3}},"action":"add","share":0.5}"#;
        let rule: FaultRule = serde_json::from_str(text).unwrap();
        let fault =
            Fault::TooManyRequests { retry_after_seconds: Some(3), body: RateLimitBody::Json };
        assert_eq!(rule, FaultRule::on(Action::Add, fault).share(0.5));
        for text in [
            r#""reset""#,
            r#"{"html":503}"#,
            r#"{"slow_ms":20}"#,
            r#"{"refuse":"no"}"#,
            r#"{"unavailable":{"retry_after_seconds":3}}"#,
        ] {
            let fault: Fault = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&fault).unwrap(), text);
        }
    }

    #[test]
    fn a_rule_that_means_nothing_is_refused() {
        for text in [
            r#"{"fault":"reset","share":50}"#,
            r#"{"fault":{"html":7}}"#,
            r#"{"fault":"reset","often":1}"#,
        ] {
            assert!(serde_json::from_str::<FaultRule>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_counted_rule_ends_and_a_share_is_kept() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut twice = FaultRule::on(Action::Add, Fault::Reset).times(2);
        let hits = |rule: &mut FaultRule, rng: &mut _| {
            (0..1000).filter(|_| rule.hits(Some(Action::Add), rng)).count()
        };
        assert_eq!(hits(&mut twice, &mut rng), 2);
        let half = hits(&mut FaultRule::everywhere(Fault::Reset).share(0.5), &mut rng);
        assert!((450..550).contains(&half), "{half}");
        assert!(!FaultRule::on(Action::Status, Fault::Reset).hits(Some(Action::Add), &mut rng));
    }
}
