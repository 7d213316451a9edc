//! On whose behalf something is done: the id that follows a request from its header through the command and into the
//! events' metadata, the provider calls and every line of the log.

use std::{fmt, sync::Arc};

use uuid::Uuid;

/// Longest id that is taken over from a client, in bytes.
const MAX_BYTES: usize = 128;

/// Name of the id among an event's metadata.
pub const METADATA_KEY: &str = "request_id";

tokio::task_local! {
    static CURRENT: RequestId;
}

/// Names a request. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Takes over an id that somebody else made: 1 to 128 visible ASCII characters, which can do no harm in a log.
    pub fn try_new(text: &str) -> Option<Self> {
        let fits = (1..=MAX_BYTES).contains(&text.len());
        (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(text.into()))
    }

    /// Makes a new one; later ones sort after earlier ones.
    pub fn generate() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }

    /// Returns the request that the running task works for.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Runs a future on this request's behalf.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Returns its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes a future go on working for the caller's request, when it runs on a task of its own.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let request = RequestId::current();
    async move {
        match request {
            Some(request) => request.scope(work).await,
            None => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_forge_a_line_of_the_log_are_not_taken_over() {
        assert!(RequestId::try_new("0197b0a4-5a3c:7cc0/x").is_some());
        for text in ["", "a b", "a\nb", "é", "\u{7f}", &"x".repeat(129)] {
            assert_eq!(RequestId::try_new(text), None, "{text:?}");
        }
    }

    #[tokio::test]
    async fn task_of_its_own_goes_on_working_for_the_request() {
        let id = RequestId::try_new("r-1").unwrap();
        let seen = id.clone().scope(async {
            let carried = carried(async { RequestId::current() });
            let plain = tokio::spawn(async { RequestId::current() }).await.unwrap();
            (tokio::spawn(carried).await.unwrap(), plain)
        });
        assert_eq!(seen.await, (Some(id), None));
        assert_eq!(RequestId::current(), None);
    }
}
