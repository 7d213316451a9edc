//! Tells what happens to the orders, a line each, from the journal.

use std::collections::HashMap;

use super::cast::Player;
use crate::{
    domain::{
        Aggregate, ProviderId,
        order::{Order, OrderEvent},
    },
    read::{EventRow, EventSelection, PageRequest, Reads},
};

/// Events read at a time.
const PAGE: i64 = 500;

/// What is counted over all orders.
#[derive(Debug, Default)]
pub(super) struct Score {
    pub(super) orders: usize,
    pub(super) attempts: usize,
    pub(super) failovers: usize,
    pub(super) placed: HashMap<ProviderId, usize>,
    pub(super) in_doubt: usize,
    pub(super) failed: usize,
}

impl Score {
    /// Orders that will not move any more by themselves.
    pub(super) fn at_rest(&self) -> usize {
        self.placed.values().sum::<usize>() + self.in_doubt + self.failed
    }
}

/// Follows the journal and prints.
pub(super) struct Narrator<'a> {
    reads: &'a Reads,
    players: &'a [Player],
    position: i64,
    stories: HashMap<String, Story>,
    pub(super) score: Score,
}

/// What has happened to an order so far.
#[derive(Default)]
struct Story {
    title: String,
    steps: Vec<String>,
}

impl<'a> Narrator<'a> {
    pub(super) fn new(reads: &'a Reads, players: &'a [Player]) -> Self {
        Self { reads, players, position: 0, stories: HashMap::new(), score: Score::default() }
    }

    /// Tells everything that is new.
    pub(super) async fn catch_up(&mut self) -> anyhow::Result<()> {
        loop {
            let selection = EventSelection::default();
            let request = PageRequest { first: PAGE, after: Some(self.position) };
            let page = self.reads.events(&selection, request).await?;
            for event in page.rows {
                self.position = event.position;
                self.tell(event);
            }
            if !page.has_next {
                return Ok(());
            }
        }
    }

    fn tell(&mut self, event: EventRow) {
        if event.aggregate_type != Order::TYPE {
            return;
        }
        let Ok(happened) = serde_json::from_value::<OrderEvent>(event.payload) else { return };
        let mut story = self.stories.remove(&event.aggregate_id).unwrap_or_default();
        let over = self.add(&mut story, happened);
        if over {
            println!("  {}  {}", story.title, story.steps.join("  →  "));
        }
        self.stories.insert(event.aggregate_id, story);
    }

    /// Adds an event to its order's story; true where the story comes to rest.
    fn add(&mut self, story: &mut Story, event: OrderEvent) -> bool {
        match event {
            OrderEvent::OrderPlaced { number, quantity, .. } => {
                self.score.orders += 1;
                story.title = format!("order {number:>4}, {quantity:>6} units:");
                false
            }
            OrderEvent::AttemptStarted { .. } => {
                self.score.attempts += 1;
                false
            }
            OrderEvent::AttemptRefused { provider_id, reason, .. } => {
                story.steps.push(format!("{} refused, “{reason}”", self.name(provider_id)));
                false
            }
            OrderEvent::FailedOver { .. } => {
                self.score.failovers += 1;
                false
            }
            OrderEvent::AttemptPlaced { provider_id, api_order_id, response_ms, .. } => {
                *self.score.placed.entry(provider_id).or_default() += 1;
                let name = self.name(provider_id);
                story.steps.push(format!("{name} took it as {api_order_id} in {response_ms} ms"));
                true
            }
            OrderEvent::AttemptInDoubt { provider_id, reason, .. } => {
                self.score.in_doubt += 1;
                let name = self.name(provider_id);
                story.steps.push(format!("IN DOUBT at {name}: {reason}; held, not sent again"));
                true
            }
            OrderEvent::OrderFailed { reason, .. } => {
                self.score.failed += 1;
                story.steps.push(format!("FAILED: {reason}"));
                true
            }
            _ => false,
        }
    }

    fn name(&self, provider: ProviderId) -> &'static str {
        let player = self.players.iter().find(|player| player.provider == provider);
        player.map_or("?", |player| player.name)
    }
}
