//! One look at what became of an attempt in doubt.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use tokio::time::Instant;

use super::{
    ask::{List, SaidOfIds},
    known::{MOST_OWN, OwnRow},
    load::InDoubt,
    settle::DoubtSettlement,
    words::{self, Seen},
};
use crate::{
    command::CommandError,
    domain::{
        charge_for,
        order::Order,
        service::{Imported, Units},
        settlement::{
            Account, AccountUse, Anchor, BalanceBefore, Doubt, OwnOrder, Purse, Reading, Scan,
            ScanPlan, Spent, Verdict, Why, judge, judge_account,
        },
    },
    provider_api::Endpoint,
};

/// The read models that a look rests on.
const RESTS_ON: [&str; 3] = ["orders", "attempts", "services"];

/// What was seen, and what would follow if the next look said the same.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) verdict: Verdict,
    pub(super) seen: Vec<Seen>,
}

/// What is on record before a provider is asked.
struct Before {
    declared_at: Option<DateTime<Utc>>,
    anchor: Option<Anchor>,
    settle_after: DateTime<Utc>,
    provider_service_id: String,
    charge: Option<Decimal>,
    balance: Option<BalanceBefore>,
    own: Vec<OwnRow>,
    /// Whether no other attempt at the provider is open.
    alone: bool,
}

/// What a provider said of our account.
struct Money {
    now: Decimal,
    own: Option<Vec<OwnOrder>>,
}

/// What the provider charges for so many units; a subscription is charged post by post.
fn cost(service: &Imported, units: i64) -> Option<Decimal> {
    match service.listing.kind.requirements()?.units {
        Units::Package => Some(service.listing.rate),
        Units::Subscription => None,
        Units::Quantity | Units::Lines(_) => Some(charge_for(service.listing.rate, units)),
    }
}

impl Look {
    fn nothing(why: Why) -> Self {
        Self { verdict: Verdict::Inconclusive(why), seen: vec![] }
    }
}

fn unanswered(doubts: Vec<InDoubt>) -> Vec<(InDoubt, Look)> {
    doubts.into_iter().map(|it| (it, Look::nothing(Why::NoAnswer))).collect()
}

impl DoubtSettlement {
    /// Looks once at all that is due at one provider.
    pub(super) async fn look_at(&self, doubts: Vec<InDoubt>) -> Vec<(InDoubt, Look)> {
        let Some(provider) = doubts.first().map(InDoubt::provider) else { return vec![] };
        let Some(endpoint) = self.endpoint(provider).await else {
            return unanswered(doubts);
        };
        let list = self.list(&endpoint).await;
        if !self.rests.is_over(provider, Instant::now()) {
            return unanswered(doubts);
        }
        let mut looks = Vec::with_capacity(doubts.len());
        for doubt in doubts {
            let look = match &list {
                Ok(list) => self.by_list(&doubt, &endpoint, list).await,
                Err(reason) => self.by_account(&doubt, &endpoint, reason).await,
            };
            let look = look.unwrap_or_else(|error| {
                tracing::debug!(order = %doubt.order(), %error, "cannot judge evidence");
                Look::nothing(Why::NoAnswer)
            });
            looks.push((doubt, look));
        }
        looks
    }

    async fn by_list(
        &self,
        in_doubt: &InDoubt,
        endpoint: &Endpoint,
        list: &List,
    ) -> Result<Look, CommandError> {
        let before = self.before(in_doubt).await?;
        let asked = before.declared_at.is_some() && before.balance.is_some() && before.alone;
        let money = match asked {
            true => self.money(&before, endpoint).await.ok(),
            false => None,
        };
        let doubt = self.doubt(in_doubt, &before).await?;
        let ids: Vec<_> = list.listed.iter().map(|order| order.api_order_id.clone()).collect();
        let reading = Reading {
            asked_at: list.asked_at,
            listed: list.listed.clone(),
            claimed: in_doubt.claimed(&self.needs.reads, &ids).await?,
            spent: self.spent(in_doubt, &before, money.as_ref()).await?,
        };
        let mut seen = vec![words::of_list(&doubt, &reading)];
        seen.extend(money.map(|money| words::of_balance(money.now, before.balance.as_ref())));
        seen.extend(words::of_busy_link(&doubt));
        Ok(Look { verdict: judge(&doubt, &reading), seen })
    }

    /// Nothing can be told of an account at which more than one attempt is open, so it is not asked about then.
    async fn by_account(
        &self,
        in_doubt: &InDoubt,
        endpoint: &Endpoint,
        no_list: &str,
    ) -> Result<Look, CommandError> {
        let asked_at = Utc::now();
        let before = self.before(in_doubt).await?;
        let mut seen = vec![words::of_no_list(no_list)];
        if !before.alone {
            return Ok(Look { verdict: Verdict::Inconclusive(Why::Others), seen });
        }
        let money = self.money(&before, endpoint).await;
        let plan = self.plan(in_doubt, &before).await?;
        let said = match &plan {
            Some(plan) => self.scan(endpoint, plan).await.map(Some),
            None => Ok(None),
        };
        let doubt = self.doubt(in_doubt, &before).await?;
        let known_money = money.as_ref().ok();
        let spent = self.spent(in_doubt, &before, known_money).await?;
        let scan = match (&plan, &said) {
            (Some(plan), Ok(Some(said))) => Some(self.read_scan(in_doubt, plan, said).await?),
            _ => None,
        };
        seen.push(match &money {
            Ok(money) => words::of_balance(money.now, before.balance.as_ref()),
            Err(reason) => words::of_no_balance(reason),
        });
        seen.extend(
            plan.as_ref().map(|plan| words::of_scan(plan, scan.as_ref(), said.as_ref().err())),
        );
        seen.extend(words::of_busy_link(&doubt));
        let verdict = match said {
            Err(_) => Verdict::Inconclusive(Why::NoAnswer),
            Ok(_) => judge_account(&doubt, &Account { asked_at, spent, scan }),
        };
        Ok(Look { verdict, seen })
    }

    async fn before(&self, in_doubt: &InDoubt) -> Result<Before, CommandError> {
        let (commands, reads) = (&self.needs.commands, &self.needs.reads);
        commands.read_models_current(&RESTS_ON).await?;
        let order = commands.load::<Order>(in_doubt.order()).await?.aggregate;
        let attempt = order.attempt(in_doubt.attempt()).ok_or_else(|| {
            CommandError::NotFound("the order has no such attempt any more".to_owned())
        })?;
        let (declared_at, charge) = commands.catalogue().read(|known| {
            let provider = known.provider(in_doubt.provider());
            let service = known.service(attempt.service_id);
            let charge = service.and_then(|it| cost(it.aggregate.imported()?, in_doubt.quantity));
            (provider.and_then(|it| it.aggregate.exclusive_since), charge)
        });
        Ok(Before {
            declared_at,
            anchor: in_doubt.anchor(reads, declared_at).await?,
            settle_after: attempt.settle_after,
            provider_service_id: attempt.provider_service_id.clone(),
            charge,
            balance: in_doubt.balance_before(reads).await?,
            own: in_doubt.own(reads).await?,
            alone: in_doubt.undecided(reads).await?.is_empty(),
        })
    }

    /// Asks for the balance first: what is paid back after that shows in the statuses, and makes the balance useless.
    async fn money(&self, before: &Before, endpoint: &Endpoint) -> Result<Money, String> {
        let now = self.balance(endpoint).await?.value.amount;
        let comparable = before.declared_at.is_some() && before.balance.is_some();
        if !comparable || before.own.len() > MOST_OWN {
            return Ok(Money { now, own: None });
        }
        let mut said = self.statuses(endpoint, &before.own).await;
        let own = before
            .own
            .iter()
            .map(|row| OwnOrder { known: row.known.clone(), now: said.remove(&row.api_order_id) });
        Ok(Money { now, own: Some(own.collect()) })
    }

    async fn plan(
        &self,
        in_doubt: &InDoubt,
        before: &Before,
    ) -> Result<Option<ScanPlan>, CommandError> {
        let Some(anchor) = &before.anchor else { return Ok(None) };
        let later = in_doubt.later(&self.needs.reads, before.settle_after).await?;
        Ok(ScanPlan::after(&anchor.api_order_id, later.as_deref()))
    }

    /// What is known beside the attempt, looked up after the provider has answered.
    async fn doubt(&self, in_doubt: &InDoubt, before: &Before) -> Result<Doubt, CommandError> {
        self.needs.commands.read_models_current(&RESTS_ON).await?;
        let undecided = in_doubt.undecided(&self.needs.reads).await?;
        Ok(Doubt {
            provider_service_id: before.provider_service_id.clone(),
            link: in_doubt.link.clone(),
            quantity: in_doubt.quantity,
            charge: before.charge,
            settle_after: before.settle_after,
            account: match before.declared_at {
                Some(_) => AccountUse::Exclusive,
                None => AccountUse::Shared,
            },
            anchor: before.anchor.clone(),
            others: undecided.len(),
            rivals: undecided.iter().filter(|link| in_doubt.is_rival(link)).count(),
            subscriptions: in_doubt.subscriptions(&self.needs.reads).await?,
            link_was_busy: in_doubt.link_was_busy(&self.needs.reads).await?,
        })
    }

    async fn spent(
        &self,
        in_doubt: &InDoubt,
        before: &Before,
        money: Option<&Money>,
    ) -> Result<Spent, CommandError> {
        let Some(money) = money else { return Ok(Spent::Unknown(Why::NoBalanceBefore)) };
        let placed_since = match &before.balance {
            Some(balance) => in_doubt.placed_since(&self.needs.reads, balance.asked_at).await?,
            None => 0,
        };
        let purse = Purse {
            declared_at: before.declared_at,
            before: before.balance.clone(),
            now: money.now,
            placed_since,
            own: money.own.clone(),
        };
        Ok(purse.spent())
    }

    async fn read_scan(
        &self,
        in_doubt: &InDoubt,
        plan: &ScanPlan,
        said: &SaidOfIds,
    ) -> Result<Scan, CommandError> {
        let claimed = in_doubt.claimed(&self.needs.reads, &plan.ids).await?;
        Ok(plan.read(&said.control, &said.said, &claimed))
    }
}
