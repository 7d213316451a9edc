use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// What operators are told. As JSON it is what webhooks receive; fields may be added to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertMessage {
    /// The same whenever this is sent again.
    pub id: Uuid,
    /// Place of its event in the journal, as a string; larger is later.
    #[serde(serialize_with = "as_text")]
    pub position: i64,
    /// What it is, in the word of GraphQL's `AlertKind`.
    pub kind: String,
    /// Whether it begins or ends.
    pub state: AlertState,
    /// What happened, in words.
    pub message: String,
    /// Whose doing: the provider's name.
    pub provider: Option<String>,
    /// Which service it is about: its number.
    pub service: Option<i64>,
    /// Which order it is about: its number.
    pub order: Option<i64>,
    /// When it happened.
    #[serde(serialize_with = "as_instant")]
    pub at: DateTime<Utc>,
}

/// Whether an alert begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlertState {
    /// It has happened; for one that lasts, it has begun.
    Raised,
    /// What lasted is over.
    Ended,
}

impl AlertMessage {
    /// Returns the same for people.
    pub(super) fn text(&self) -> String {
        let title = self.kind.replace('_', " ").to_lowercase();
        let about = [
            self.provider.clone(),
            self.service.map(|number| format!("service {number}")),
            self.order.map(|number| format!("order {number}")),
        ];
        let about: Vec<String> = about.into_iter().flatten().collect();
        let about =
            if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
        let at = self.at.format("%Y-%m-%d %H:%M:%S UTC");
        match self.state {
            AlertState::Raised => {
                format!("{title}{about}: {}\n{at}, #{}", self.message, self.position)
            }
            AlertState::Ended => {
                format!("over: {title}{about}. It was: {}\n{at}, #{}", self.message, self.position)
            }
        }
    }
}

fn as_text<S: Serializer>(position: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(position)
}

fn as_instant<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}
