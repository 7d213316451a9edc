use std::collections::{HashMap, HashSet};

use chrono::Utc;
use futures_util::{StreamExt, stream::FuturesUnordered};
use sqlx::PgPool;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    DoubtPace,
    load::{self, InDoubt},
    look::Look,
};
use crate::{
    command::{Commands, SettleAttempt},
    domain::{
        AttemptId, ProviderId,
        order::{Evidence, OrderCommand, SettledAs},
        provider::UpstreamPolicy,
        settlement::{Verdict, Why},
    },
    process::{DispatchStatus, Endpoints, rests::Rests, tenures},
    provider_api::PanelClient,
};

/// What the settlement of doubt is composed of.
#[derive(Debug)]
pub struct DoubtSettlementNeeds {
    /// Where decisions go.
    pub commands: Commands,
    /// Calls providers.
    pub client: PanelClient,
    /// Which addresses providers may have.
    pub policy: UpstreamPolicy,
    /// Connections that see the read models.
    pub reads: PgPool,
    /// How often is asked.
    pub pace: DoubtPace,
    /// Whether this process dispatches: only then it asks.
    pub dispatching: watch::Receiver<DispatchStatus>,
    /// Cancelled when the program is to stop.
    pub stop: CancellationToken,
}

/// Keeps looking for evidence of what is in doubt.
#[derive(Debug)]
pub struct DoubtSettlement {
    pub(super) needs: DoubtSettlementNeeds,
    pub(super) endpoints: Endpoints,
    pub(super) rests: Rests,
}

/// An attempt that evidence is looked for.
#[derive(Debug)]
struct Watched {
    due: Instant,
    /// Readings on end that proved nothing.
    in_vain: u32,
    /// What the last one would prove.
    last: Verdict,
}

type Watch = HashMap<AttemptId, Watched>;

impl DoubtSettlement {
    /// Composes it; [`run`](Self::run) is its life.
    pub fn new(needs: DoubtSettlementNeeds) -> Self {
        let endpoints = Endpoints::new(needs.commands.clone(), needs.policy);
        let rests = Rests::under(needs.commands.breaker());
        Self { needs, endpoints, rests }
    }

    /// Looks for evidence, whenever this process dispatches, until the program is to stop.
    pub async fn run(self) {
        let settling = tenures::in_each(&self.needs.dispatching, || self.settle());
        self.needs.stop.run_until_cancelled(settling).await;
    }

    async fn settle(&self) {
        tokio::join!(self.look_again_and_again(), self.keep_giving_up(), self.keep_baselines());
    }

    /// A provider that keeps us waiting keeps no other waiting.
    async fn look_again_and_again(&self) {
        let mut watch = Watch::new();
        let (mut looking, mut asked) = (FuturesUnordered::new(), HashSet::new());
        let mut again = interval(self.needs.pace.look);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some((provider, looks)) = looking.next() => {
                    asked.remove(&provider);
                    for (doubt, look) in looks {
                        self.take(&mut watch, &doubt, look).await;
                    }
                }
                _ = again.tick() => {
                    for (provider, doubts) in self.due(&mut watch).await {
                        if asked.insert(provider) {
                            looking.push(async move { (provider, self.look_at(doubts).await) });
                        }
                    }
                }
            }
        }
    }

    /// Finds what is to be looked at now, by provider. One that asked to be left alone is.
    async fn due(&self, watch: &mut Watch) -> HashMap<ProviderId, Vec<InDoubt>> {
        let doubts = match load::in_doubt(&self.needs.reads).await {
            Ok(doubts) => doubts,
            Err(error) => {
                tracing::debug!(%error, "cannot look up what is in doubt");
                return HashMap::new();
            }
        };
        watch.retain(|id, _| doubts.iter().any(|doubt| doubt.attempt() == *id));
        let mut due: HashMap<ProviderId, Vec<InDoubt>> = HashMap::new();
        let now = Instant::now();
        let is_due = |doubt: &InDoubt| watch.get(&doubt.attempt()).is_none_or(|it| it.due <= now);
        for doubt in doubts.into_iter().filter(is_due) {
            due.entry(doubt.provider()).or_default().push(doubt);
        }
        due.retain(|provider, _| {
            self.rests.is_over(*provider, now) && !self.is_left_alone(*provider)
        });
        due
    }

    fn is_left_alone(&self, provider: ProviderId) -> bool {
        let now = Utc::now();
        self.needs.commands.catalogue().read(|known| {
            let provider = known.provider(provider);
            provider.is_some_and(|it| it.aggregate.breaker.is_left_alone(now))
        })
    }

    async fn take(&self, watch: &mut Watch, doubt: &InDoubt, look: Look) {
        let first = || Watched {
            due: Instant::now(),
            in_vain: 0,
            last: Verdict::Inconclusive(Why::Unconfirmed),
        };
        let watched = watch.entry(doubt.attempt()).or_insert_with(first);
        let proved = watched.last.confirmed_by(&look.verdict);
        let settled =
            self.record(doubt, &look, &proved).await && self.conclude(doubt, &proved).await;
        watched.in_vain = match look.verdict.is_conclusive() && settled == proved.is_conclusive() {
            true => 0,
            false => watched.in_vain.saturating_add(1),
        };
        watched.last = look.verdict;
        watched.due = Instant::now() + self.needs.pace.after(watched.in_vain);
    }

    /// Puts on record what was seen and what follows; tells whether that worked.
    async fn record(&self, doubt: &InDoubt, look: &Look, proved: &Verdict) -> bool {
        let follows = match look.verdict.is_conclusive() && !proved.is_conclusive() {
            true => format!("{}, if the next look says the same", look.verdict),
            false => proved.to_string(),
        };
        let evidence = look.seen.iter().map(|seen| Evidence {
            asked: seen.asked,
            answered: seen.answered.clone(),
            follows: seen.follows.clone().unwrap_or_else(|| follows.clone()),
        });
        let (attempt_id, evidence) = (doubt.attempt(), evidence.collect());
        let command = OrderCommand::RecordEvidence { attempt_id, evidence };
        let recorded = self.needs.commands.follow_up("readEvidence", doubt.order(), command).await;
        if let Err(error) = &recorded {
            tracing::debug!(order = %doubt.order(), %error, "cannot record evidence");
        }
        recorded.is_ok()
    }

    /// Settles what is proved; tells whether it did.
    async fn conclude(&self, doubt: &InDoubt, proved: &Verdict) -> bool {
        let (settled_as, api_order_id) = match proved {
            Verdict::Placed { api_order_id } => (SettledAs::Placed, Some(api_order_id.clone())),
            Verdict::NotPlaced => (SettledAs::NotPlaced, None),
            Verdict::Inconclusive(why) => {
                tracing::debug!(order = %doubt.order(), %why, "an attempt stays in doubt");
                return false;
            }
        };
        let settle = SettleAttempt {
            order_id: doubt.order(),
            attempt: doubt.number,
            settled_as,
            api_order_id,
            note: format!("{proved}: two looks at the evidence agree"),
        };
        let settled = self.needs.commands.settle_attempt(settle).await;
        if let Err(error) = &settled {
            tracing::warn!(order = %doubt.order(), %error, "cannot settle an attempt in doubt");
        }
        settled.is_ok()
    }
}
