use std::{
    collections::HashMap,
    fmt::Display,
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use cqrs_es::AggregateError;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use super::{
    Catalogue, Claims, CommandError, JournalStore, Loaded, Stored, numbers::Numbers, race::Failure,
};
use crate::{
    credentials::Credentials,
    domain::{
        Position, ProviderId,
        provider::{BalanceWatch, BreakerPolicy, UpstreamPolicy},
        service::PriceWatch,
    },
    journal::{AppendRequest, Journal, StreamId, read_head},
    projection::ReadModels,
};

/// Between two looks at how far the read models are.
const GLANCE: Duration = Duration::from_millis(10);
/// How long read models and catalogue may take to reach the journal's end before a command that depends on them.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(5);

/// What a command came to, and where in the journal it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// What it was about.
    pub value: T,
    /// Position of its last event; of an earlier one where there was nothing to change.
    pub position: Position,
}

/// What may be asked of the installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Commands {
    pub(super) parts: Arc<Parts>,
}

/// What the command side is composed of.
#[derive(Debug)]
pub struct CommandNeeds {
    /// Where events go.
    pub journal: Journal,
    /// What providers and services are decided on.
    pub catalogue: Catalogue,
    /// Where provider keys are kept.
    pub credentials: Credentials,
    /// Where attempts are claimed.
    pub claims: Claims,
    /// Connections that see the read models.
    pub reads: PgPool,
    /// Which addresses providers may have.
    pub policy: UpstreamPolicy,
    /// How far a provider's rate may move without an alert.
    pub price_watch: PriceWatch,
    /// When our balance at a provider is low.
    pub balance_watch: BalanceWatch,
    /// For how long providers are set aside.
    pub breaker: BreakerPolicy,
    /// How long orders wait for providers that are set aside, unless their service says otherwise.
    pub wait_limit: TimeDelta,
}

#[derive(Debug)]
pub(super) struct Parts {
    needs: CommandNeeds,
    pub(super) store: JournalStore,
    pub(super) order_numbers: Numbers,
    pub(super) service_numbers: Numbers,
    /// Position of this process's last change to the catalogue, so that it reads its own writes.
    last_change: AtomicI64,
    syncs: Mutex<HashMap<ProviderId, Arc<tokio::sync::Mutex<()>>>>,
}

impl Deref for Parts {
    type Target = CommandNeeds;

    fn deref(&self) -> &CommandNeeds {
        &self.needs
    }
}

impl Commands {
    /// Composes the command side.
    pub fn new(needs: CommandNeeds) -> Self {
        let pool = needs.journal.pool().clone();
        let parts = Parts {
            store: JournalStore::new(needs.journal.clone()),
            order_numbers: Numbers::of_orders(pool.clone()),
            service_numbers: Numbers::of_services(pool),
            last_change: AtomicI64::new(0),
            syncs: Mutex::default(),
            needs,
        };
        Self { parts: Arc::new(parts) }
    }

    /// Returns the providers and services that commands decide on.
    pub fn catalogue(&self) -> &Catalogue {
        &self.parts.catalogue
    }

    /// Returns the desk where attempts are claimed.
    pub fn claims(&self) -> &Claims {
        &self.parts.claims
    }

    /// Returns where provider keys are kept.
    pub fn credentials(&self) -> &Credentials {
        &self.parts.credentials
    }

    /// Returns the journal that commands append to.
    pub fn journal(&self) -> &Journal {
        &self.parts.journal
    }

    /// Returns the policy by which providers are set aside and left alone.
    pub fn breaker(&self) -> BreakerPolicy {
        self.parts.breaker
    }

    /// Returns the lock that keeps a provider's syncs apart, from each other and from its end.
    pub fn sync_lock(&self, provider: ProviderId) -> Arc<tokio::sync::Mutex<()>> {
        let mut syncs = self.parts.syncs.lock().unwrap_or_else(PoisonError::into_inner);
        syncs.entry(provider).or_default().clone()
    }

    /// Loads a stream and folds it.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] where the database cannot be asked.
    pub async fn load<A: Stored>(&self, id: impl Display) -> Result<Loaded<A>, CommandError> {
        let loaded = self.parts.store.load::<A>(&id.to_string()).await;
        loaded.map_err(|error| match error {
            // The stock repository reports a pool that gives no connection, and a server that starts, as unexpected.
            AggregateError::DatabaseConnectionError(error)
            | AggregateError::UnexpectedError(error) => CommandError::Unavailable(format!(
                "the database cannot be asked at present: {error}"
            )),
            error => CommandError::Internal(format!("stream {}: {error}", StreamId::of::<A>(&id))),
        })
    }

    /// Waits until the catalogue knows what this process itself changed.
    pub(super) async fn own_changes_seen(&self) -> Result<(), CommandError> {
        let own = Position(self.parts.last_change.load(Ordering::Acquire));
        self.catalogue_at(own).await
    }

    /// Waits until the catalogue knows everything that has happened so far.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] where the database cannot be asked.
    pub async fn catch_up(&self) -> Result<(), CommandError> {
        self.catalogue_at(read_head(self.parts.journal.pool()).await?).await
    }

    async fn catalogue_at(&self, position: Position) -> Result<(), CommandError> {
        timeout(CATCH_UP_LIMIT, self.parts.catalogue.reached(position)).await.map_err(|_| {
            CommandError::Unavailable("the catalogue is behind the journal: try again".to_owned())
        })
    }

    /// Appends a change of providers or services, so that this process's next command sees it.
    pub(super) async fn change<T>(
        &self,
        request: AppendRequest,
        value: T,
    ) -> Result<Done<T>, Failure> {
        if request.is_empty() {
            let position = self.parts.catalogue.read(|snapshot| snapshot.position);
            return Ok(Done { value, position });
        }
        let position = self.parts.journal.append(request).await?.position;
        self.parts.last_change.fetch_max(position.0, Ordering::AcqRel);
        Ok(Done { value, position })
    }

    /// Waits until these read models and the catalogue know everything that has happened so far; returns up to where.
    /// Asks the database itself: a crash of it may have taken back what this process saw folded.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] where one of them does not get there: decisions must not rest on less.
    pub async fn read_models_current(&self, names: &[&str]) -> Result<Position, CommandError> {
        let head = read_head(self.parts.journal.pool()).await?;
        let folded = async {
            while let Some(behind) = self.model_behind(names, head).await? {
                tracing::debug!(model = behind, "waiting for a read model");
                sleep(GLANCE).await;
            }
            Ok(())
        };
        timeout(CATCH_UP_LIMIT, folded).await.unwrap_or_else(|_| {
            let problem = "the read models are behind the journal: see /readyz, and try again";
            Err(CommandError::Unavailable(problem.to_owned()))
        })?;
        self.catalogue_at(head).await?;
        Ok(head)
    }

    async fn model_behind(
        &self,
        names: &[&str],
        position: Position,
    ) -> Result<Option<String>, sqlx::Error> {
        let models = ReadModels::named(names);
        sqlx::query_scalar(
            "select name
             from unnest($1::text[], $2::text[]) as wanted (name, hash)
             left join projection_checkpoints using (name, hash)
             where coalesce(position, -1) < $3
             limit 1",
        )
        .bind(models.iter().map(|model| model.name()).collect::<Vec<_>>())
        .bind(models.iter().map(|model| model.hash()).collect::<Vec<_>>())
        .bind(position.0)
        .fetch_optional(self.parts.journal.pool())
        .await
    }
}
