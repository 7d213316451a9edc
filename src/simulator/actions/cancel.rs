//! `cancel`: a request, which only a later status proves.

use serde_json::{Value, json};

use super::status::MOST_IDS;
use super::{Refusal, refill::id_as_number};
use crate::simulator::orders::Now;
use crate::simulator::params::Params;
use crate::simulator::state::State;

pub(super) fn answer(state: &mut State, params: &Params, now: Now) -> Result<Value, Refusal> {
    if let Some(id) = params.get("order") {
        one(state, id, now)?;
        return Ok(json!({ "cancel": 1 }));
    }
    let ids = params.list("orders").filter(|ids| ids.len() <= MOST_IDS);
    let rows = ids.ok_or(Refusal::RequestIncorrect)?.into_iter().map(|id| {
        let outcome = one(state, id, now);
        let outcome = outcome.map_or_else(|why| json!({ "error": why.to_string() }), |()| json!(1));
        json!({ "order": id_as_number(id), "cancel": outcome })
    });
    Ok(rows.collect())
}

fn one(state: &mut State, id: &str, now: Now) -> Result<(), Refusal> {
    let order = state.book.get(id).ok_or(Refusal::OrderUnknown)?;
    let product = state.shelf.product(order.service());
    product.filter(|product| product.cancel).ok_or(Refusal::CancelImpossible)?;
    state.book.cancel(id, now).ok_or(Refusal::CancelImpossible)
}
