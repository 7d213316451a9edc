//! `balance`: `{"balance":"100.84292","currency":"USD"}`.

use serde_json::{Value, json};

use crate::simulator::state::State;

pub(super) fn answer(state: &State) -> Value {
    json!({ "balance": state.book.balance.normalize().to_string(), "currency": state.currency })
}
