//! What happened to an order, told in a line.

use super::{
    look::{Look, Tone},
    scoreboard::Scoreboard,
};
use crate::domain::order::{OrderEvent, SettledAs};

/// An order's way so far.
#[derive(Debug, Default)]
pub(super) struct Story {
    number: i64,
    pub(super) quantity: i64,
    awaits_link: bool,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Refused { panel: &'static str, reason: String },
    Placed { panel: &'static str, api_order_id: String, response_ms: i64 },
    InDoubt { panel: &'static str, reason: String },
    Failed { reason: String },
}

/// Whether the order still moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Going {
    On,
    ToRest,
}

impl Story {
    /// Adds what happened next.
    pub(super) fn add(&mut self, event: OrderEvent, board: &Scoreboard) -> Going {
        let step = match event {
            OrderEvent::OrderPlaced { number, quantity, .. } => {
                (self.number, self.quantity) = (number, quantity);
                return Going::On;
            }
            OrderEvent::LinkAwaited { .. } => {
                self.awaits_link = true;
                return Going::On;
            }
            OrderEvent::AttemptStarted { .. } => {
                self.awaits_link = false;
                return Going::On;
            }
            OrderEvent::AttemptRefused { provider_id, reason, .. } => {
                Step::Refused { panel: board.name(provider_id), reason }
            }
            OrderEvent::AttemptPlaced { provider_id, api_order_id, response_ms, .. } => {
                Step::Placed { panel: board.name(provider_id), api_order_id, response_ms }
            }
            OrderEvent::AttemptInDoubt { provider_id, reason, .. } => {
                Step::InDoubt { panel: board.name(provider_id), reason }
            }
            OrderEvent::OrderFailed { reason, .. } => Step::Failed { reason },
            _ => return Going::On,
        };
        let going = step.leads();
        self.steps.push(step);
        going
    }

    /// What is told of an order apart from its story: that it waits for its link, what was found out of it in doubt, what a
    /// panel left undelivered.
    pub(super) fn aside(&self, event: &OrderEvent, board: &Scoreboard) -> Option<String> {
        let number = self.number;
        match event {
            OrderEvent::LinkAwaited { reason, .. } => {
                Some(format!("order {number} waits: {reason}"))
            }
            OrderEvent::AttemptStarted { .. } if self.awaits_link => {
                Some(format!("order {number} goes ahead: its link is free"))
            }
            OrderEvent::RemainderOrdered { number: child, quantity: left, .. } => {
                let (panel, delivered) = (self.holder()?, self.quantity - left);
                Some(format!(
                    "order {number}: {panel} delivered {delivered} of {} units; order {child} is for the rest",
                    self.quantity
                ))
            }
            OrderEvent::EvidenceRead { provider_id, answered, follows, .. } => {
                let panel = board.name(*provider_id);
                Some(format!("evidence on order {number} at {panel}: {answered}; {follows}"))
            }
            OrderEvent::AttemptSettled { provider_id, settled_as, note, .. } => {
                let (panel, took) = (
                    board.name(*provider_id),
                    match settled_as {
                        SettledAs::Placed => "took it",
                        SettledAs::NotPlaced => "never took it",
                    },
                );
                Some(format!("order {number} is in doubt no more: {panel} {took}; {note}"))
            }
            _ => None,
        }
    }

    /// What is told once another panel has delivered what its own left: parent and child in one line.
    pub(super) fn completed_by(&self, child: &Self) -> Option<String> {
        let delivered = self.quantity - child.quantity;
        Some(format!(
            "order {} is complete: {delivered} units by {}, {} by {} as order {}",
            self.number,
            self.holder()?,
            child.quantity,
            child.holder()?,
            child.number
        ))
    }

    /// Who took the order.
    fn holder(&self) -> Option<&'static str> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Placed { panel, .. } => Some(*panel),
            _ => None,
        })
    }

    /// The story with everything in it.
    pub(super) fn in_full(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(Step::in_full).collect();
        let (number, quantity) = (self.number, self.quantity);
        format!("  order {number:>4}, {quantity:>6} units:  {}", steps.join("  →  "))
    }

    /// The story as fully as a line of the terminal can hold it.
    pub(super) fn fitted(&self, look: &Look) -> String {
        let painted = |words: fn(&Step) -> String| {
            let steps = self.steps.iter().map(|step| look.paint(step.tone(), words(step)));
            let steps: Vec<String> = steps.collect();
            format!(" order {:>4}  {}", self.number, steps.join(" → "))
        };
        let full = painted(Step::in_full);
        if console::measure_text_width(&full) <= look.width {
            return full;
        }
        look.cut(&painted(Step::in_short))
    }
}

impl Step {
    fn leads(&self) -> Going {
        match self {
            Self::Refused { .. } => Going::On,
            Self::Placed { .. } | Self::InDoubt { .. } | Self::Failed { .. } => Going::ToRest,
        }
    }

    fn tone(&self) -> Tone {
        match self {
            Self::Refused { .. } => Tone::Faint,
            Self::Placed { .. } => Tone::Good,
            Self::InDoubt { .. } => Tone::Poor,
            Self::Failed { .. } => Tone::Bad,
        }
    }

    fn in_full(&self) -> String {
        match self {
            Self::Refused { panel, reason } => format!("{panel} refused, “{reason}”"),
            Self::Placed { panel, api_order_id, response_ms } => {
                format!("{panel} took it as {api_order_id} in {response_ms} ms")
            }
            Self::InDoubt { panel, reason } => {
                format!("IN DOUBT at {panel}: {reason}; held, not sent again")
            }
            Self::Failed { reason } => format!("FAILED: {reason}"),
        }
    }

    fn in_short(&self) -> String {
        match self {
            Self::Refused { panel, .. } => format!("{panel} refused"),
            Self::Placed { .. } | Self::Failed { .. } => self.in_full(),
            Self::InDoubt { panel, .. } => format!("IN DOUBT at {panel}, held"),
        }
    }
}
