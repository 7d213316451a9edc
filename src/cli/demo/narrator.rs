//! Follows the journal, and shows what happens to the orders.

use std::collections::HashMap;

use super::{
    scoreboard::Scoreboard,
    screen::Screen,
    story::{Going, Story},
};
use crate::{
    domain::{
        Aggregate,
        order::{DeliveryStatus, Order, OrderEvent},
        provider::Provider,
    },
    read::{EventRow, EventSelection, PageRequest, Reads},
};

/// Events read at a time.
const PAGE: i64 = 500;

/// Counts, and tells each story when it comes to rest.
pub(super) struct Narrator<'a> {
    reads: &'a Reads,
    position: i64,
    stories: HashMap<String, Story>,
    board: Scoreboard,
    screen: Screen,
}

impl<'a> Narrator<'a> {
    pub(super) fn new(reads: &'a Reads, board: Scoreboard, screen: Screen) -> Self {
        Self { reads, position: 0, stories: HashMap::new(), board, screen }
    }

    /// Shows everything that is new.
    pub(super) async fn catch_up(&mut self) -> anyhow::Result<()> {
        loop {
            let selection = EventSelection::default();
            let request = PageRequest { first: PAGE, after: Some(self.position) };
            let page = self.reads.events(&selection, request).await?;
            for event in page.rows {
                self.position = event.position;
                self.take(event);
            }
            if !page.has_next {
                self.screen.show(&self.board);
                return Ok(());
            }
        }
    }

    fn take(&mut self, event: EventRow) {
        if event.aggregate_type == Provider::TYPE {
            self.take_of_provider(event);
            return;
        }
        if event.aggregate_type != Order::TYPE {
            return;
        }
        let Ok(happened) = serde_json::from_value::<OrderEvent>(event.payload) else { return };
        self.board.fold(&happened);
        if let Some(words) = self.completed(&event.aggregate_id, &happened) {
            self.screen.note(&words);
        }
        let story = self.stories.entry(event.aggregate_id).or_default();
        if let Some(words) = story.aside(&happened, &self.board) {
            self.screen.note(&words);
        }
        if story.add(happened, &self.board) == Going::ToRest {
            self.screen.tell(story);
        }
    }

    /// What is told of an order of which another has delivered the rest.
    fn completed(&self, order: &str, event: &OrderEvent) -> Option<String> {
        let OrderEvent::RemainderStatusChanged { child_id, overall, .. } = event else {
            return None;
        };
        let is_complete = overall.status == DeliveryStatus::Completed;
        let child = self.stories.get(&child_id.to_string()).filter(|_| is_complete)?;
        self.stories.get(order)?.completed_by(child)
    }

    fn take_of_provider(&mut self, event: EventRow) {
        let (id, payload) = (event.aggregate_id.parse(), event.payload);
        let (Ok(provider), Ok(happened)) = (id, serde_json::from_value(payload)) else { return };
        if let Some(words) = self.board.fold_provider(provider, &happened) {
            self.screen.note(&words);
        }
    }

    /// Orders that will not move any more by themselves.
    pub(super) fn at_rest(&self) -> usize {
        self.board.at_rest()
    }

    /// Attempts of which nobody knows yet what became.
    pub(super) fn in_doubt(&self) -> usize {
        self.board.tally().in_doubt
    }

    /// Leaves the screen; what was counted remains.
    pub(super) fn into_board(self) -> Scoreboard {
        self.board
    }
}
