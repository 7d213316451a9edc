//! What is counted of one panel.

use std::collections::VecDeque;

use crate::domain::{ProviderId, order::SettledAs, refusal::RefusalClass};

/// Outcomes that a panel's health is judged by.
const RECENT: usize = 16;

/// What has come of the attempts at one panel.
#[derive(Debug)]
pub(super) struct PanelScore {
    pub(super) provider: ProviderId,
    pub(super) name: &'static str,
    pub(super) tally: Tally,
    /// Its last outcomes, the latest last.
    recent: VecDeque<Outcome>,
    /// Why it last did not take an order.
    trouble: Option<String>,
    /// Where it stands with the breaker.
    standing: Standing,
    suspensions: usize,
    /// How long its answers took, in milliseconds, the least first.
    answer_times: Vec<i64>,
}

/// Counts of attempts by their outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) attempts: usize,
    pub(super) placed: usize,
    pub(super) refused: usize,
    pub(super) in_doubt: usize,
}

/// What came of one attempt, as far as the panel is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Placed,
    Refused,
    InDoubt,
}

/// Where a panel stands with the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    AtWork,
    SetAside,
    OnTrial,
}

/// How a panel does, by the breaker and by its last outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// Nothing is known of it.
    Unknown,
    /// It took every order.
    Healthy,
    /// It did not take some.
    Degraded,
    /// It did not take two out of three, or worse.
    Failing,
    /// No orders go to it.
    Suspended,
    /// One order may try whether it works again.
    OnTrial,
}

impl PanelScore {
    pub(super) fn new(provider: ProviderId, name: &'static str) -> Self {
        Self {
            provider,
            name,
            tally: Tally::default(),
            recent: VecDeque::new(),
            trouble: None,
            standing: Standing::AtWork,
            suspensions: 0,
            answer_times: vec![],
        }
    }

    pub(super) fn set_aside(&mut self, reason: &str) {
        self.standing = Standing::SetAside;
        self.suspensions += 1;
        self.trouble = Some(reason.to_owned());
    }

    pub(super) fn tried(&mut self) {
        self.standing = Standing::OnTrial;
    }

    /// What it did before says nothing any more.
    pub(super) fn resumed(&mut self) {
        self.standing = Standing::AtWork;
        self.recent.clear();
        self.remember(Outcome::Placed);
    }

    pub(super) fn suspensions(&self) -> usize {
        self.suspensions
    }

    pub(super) fn asked(&mut self) {
        self.tally.attempts += 1;
    }

    pub(super) fn placed(&mut self, response_ms: i64) {
        self.tally.placed += 1;
        self.remember(Outcome::Placed);
        self.answered_in(response_ms);
    }

    /// Counts a refusal; one that is the customer's fault says nothing of the panel's health.
    pub(super) fn refused(&mut self, class: RefusalClass, reason: &str, response_ms: Option<i64>) {
        self.tally.refused += 1;
        if !class.is_customers_fault() {
            self.trouble = Some(reason.to_owned());
            self.remember(Outcome::Refused);
        }
        if let Some(milliseconds) = response_ms {
            self.answered_in(milliseconds);
        }
    }

    pub(super) fn left_in_doubt(&mut self, reason: &str) {
        self.tally.in_doubt += 1;
        self.trouble = Some(reason.to_owned());
        self.remember(Outcome::InDoubt);
    }

    /// Evidence has told what became of an attempt in doubt.
    pub(super) fn settled(&mut self, settled_as: SettledAs) {
        self.tally.in_doubt = self.tally.in_doubt.saturating_sub(1);
        if settled_as == SettledAs::Placed {
            self.tally.placed += 1;
        }
    }

    fn answered_in(&mut self, milliseconds: i64) {
        let place = self.answer_times.partition_point(|known| *known <= milliseconds);
        self.answer_times.insert(place, milliseconds);
    }

    fn remember(&mut self, outcome: Outcome) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(outcome);
    }

    /// The last outcomes, the latest last.
    pub(super) fn recent(&self) -> impl Iterator<Item = Outcome> {
        self.recent.iter().copied()
    }

    pub(super) fn health(&self) -> Health {
        match self.standing {
            Standing::AtWork => {}
            Standing::SetAside => return Health::Suspended,
            Standing::OnTrial => return Health::OnTrial,
        }
        let all = self.recent.len();
        let bad = self.recent().filter(|outcome| *outcome != Outcome::Placed).count();
        match (all, bad) {
            (0, _) => Health::Unknown,
            (_, 0) => Health::Healthy,
            _ if bad * 3 >= all * 2 => Health::Failing,
            _ => Health::Degraded,
        }
    }

    /// Why it last did not take an order, while that still tells on its health.
    pub(super) fn trouble(&self) -> Option<&str> {
        let ails = matches!(self.health(), Health::Degraded | Health::Failing | Health::Suspended);
        self.trouble.as_deref().filter(|_| ails)
    }

    /// Times of all its answers in milliseconds, the least first.
    pub(super) fn answer_times(&self) -> &[i64] {
        &self.answer_times
    }
}

impl Tally {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            attempts: self.attempts + other.attempts,
            placed: self.placed + other.placed,
            refused: self.refused + other.refused,
            in_doubt: self.in_doubt + other.in_doubt,
        }
    }
}
