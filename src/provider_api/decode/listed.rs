//! The reply to `orders`: all own orders, at the few panels that list them.

use serde_json::value::RawValue;

use super::{Members, Reply, Unexpected, excerpt, value};
use crate::{domain::settlement::ListedOrder, provider_api::transport::Answer};

/// Reads the list. A row without an id makes the whole list unusable: nobody knows what it hides.
pub(in crate::provider_api) fn listed_orders(
    answer: &Answer,
) -> Result<Vec<ListedOrder>, Unexpected> {
    let text = answer.text();
    let unexpected = || Unexpected::NoList { status: answer.status, begins: excerpt(&text) };
    let rows = match Reply::parse(&text) {
        Some(Reply::List(rows)) => rows,
        Some(Reply::Object(members)) => match (members.error(), wrapped(&members)) {
            (Some(words), _) => return Err(Unexpected::error(words, answer.status)),
            (None, rows) => rows.ok_or_else(unexpected)?,
        },
        Some(_) => return Err(unexpected()),
        None => return Err(Unexpected::not_json(answer)),
    };
    rows.into_iter().map(row).collect::<Option<_>>().ok_or_else(unexpected)
}

fn wrapped<'a>(members: &Members<'a>) -> Option<Vec<&'a RawValue>> {
    let inside = ["data", "orders"].into_iter().find_map(|name| members.get(name))?;
    match Reply::parse(inside.get())? {
        Reply::List(rows) => Some(rows),
        _ => None,
    }
}

fn row(raw: &RawValue) -> Option<ListedOrder> {
    let members = Members::of(raw)?;
    let words = |names: [&str; 2]| names.into_iter().find_map(|name| members.words(name));
    Some(ListedOrder {
        api_order_id: members.order_id().or_else(|| members.bare_id())?,
        provider_service_id: words(["service", "service_id"]),
        link: words(["link", "url"]),
        quantity: words(["quantity", "count"]).and_then(|text| value::whole(&text)),
    })
}
