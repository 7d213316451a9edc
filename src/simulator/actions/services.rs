//! `services`: the catalogue.

use axum::body::Bytes;

use crate::simulator::state::State;

pub(super) fn answer(state: &State) -> Bytes {
    state.shelf.shown()
}
