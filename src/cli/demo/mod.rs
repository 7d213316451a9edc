//! `signalbox demo`: orders fail over between simulated panels before one's eyes.
//!
//! Everything is real but the panels: a private PostgreSQL, the journal, the dispatcher, the API. What is counted and
//! told is folded from the journal (`scoreboard`, `story`), apart from how it is drawn (`table`, `look`, `screen`).

mod cast;
mod look;
mod narrator;
mod overture;
mod panel_score;
mod scoreboard;
mod screen;
mod stage;
mod story;
mod summary;
mod table;
#[cfg(test)]
mod tests;

pub(super) use stage::Demo;
