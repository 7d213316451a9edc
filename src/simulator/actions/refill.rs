//! `refill` and `refill_status`: asked for completed orders of services that promise it.

use serde_json::{Value, json};

use super::Refusal;
use super::status::MOST_IDS;
use crate::simulator::orders::{Now, OrderStatus};
use crate::simulator::params::Params;
use crate::simulator::state::State;

pub(super) fn answer(state: &mut State, params: &Params, now: Now) -> Result<Value, Refusal> {
    if let Some(id) = params.get("order") {
        // A string for one order and numbers for several: so the stock panels have it.
        return Ok(json!({ "refill": one(state, id, now)?.to_string() }));
    }
    let ids = params.list("orders").filter(|ids| ids.len() <= MOST_IDS);
    let rows = ids.ok_or(Refusal::RequestIncorrect)?.into_iter().map(|id| {
        let outcome = one(state, id, now);
        let outcome = outcome.map_or_else(|why| json!({ "error": why.to_string() }), Value::from);
        json!({ "order": id_as_number(id), "refill": outcome })
    });
    Ok(rows.collect())
}

fn one(state: &mut State, id: &str, now: Now) -> Result<u64, Refusal> {
    let order = state.book.get(id).ok_or(Refusal::OrderUnknown)?;
    let product = state.shelf.product(order.service());
    let promised = product.is_some_and(|product| product.refill);
    if !promised || order.status(now) != OrderStatus::Completed {
        return Err(Refusal::RefillImpossible);
    }
    Ok(state.book.refill(now))
}

pub(super) fn answer_status(state: &State, params: &Params, now: Now) -> Result<Value, Refusal> {
    let status = |id| state.book.refill_status(id, now).ok_or(Refusal::RefillUnknown);
    if let Some(id) = params.get("refill") {
        return Ok(json!({ "status": status(id)? }));
    }
    let ids = params.list("refills").filter(|ids| ids.len() <= MOST_IDS);
    let rows = ids.ok_or(Refusal::RequestIncorrect)?.into_iter().map(|id| {
        let shown = status(id);
        let shown = shown.map_or_else(|why| json!({ "error": why.to_string() }), Value::from);
        json!({ "refill": id_as_number(id), "status": shown })
    });
    Ok(rows.collect())
}

/// An id as panels repeat it in lists: as a number where it is one.
pub(super) fn id_as_number(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| json!(id), Value::from)
}
