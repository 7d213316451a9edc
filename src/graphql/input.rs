use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use async_graphql::ID;
use serde_json::Value;

use super::error::{ApiError, ApiResult};
use crate::read::PageRequest;

/// Most rows of one page.
const MAX_PAGE: i32 = 1000;

/// Most things that one mutation changes.
const MAX_IDS: usize = 1000;

/// Most orders that one mutation asks providers about.
const MAX_IDS_OF_ONE_CALL: usize = 100;

/// Reads an id out of the argument or input field of this name.
pub(super) fn id<T: FromStr<Err: Display>>(field: &str, id: &ID) -> ApiResult<T> {
    id.parse().map_err(|error| ApiError::invalid(field, error))
}

/// Reads an id where one is given.
pub(super) fn optional_id<T: FromStr<Err: Display>>(
    field: &str,
    given: Option<&ID>,
) -> ApiResult<Option<T>> {
    given.map(|given| id(field, given)).transpose()
}

/// Reads the `ids` of a bulk change.
pub(super) fn ids<T: FromStr<Err: Display>>(given: &[ID]) -> ApiResult<Vec<T>> {
    ids_up_to(MAX_IDS, given)
}

/// Reads the `ids` of what is asked of providers, who take so many in one call.
pub(super) fn ids_of_one_call<T: FromStr<Err: Display>>(given: &[ID]) -> ApiResult<Vec<T>> {
    ids_up_to(MAX_IDS_OF_ONE_CALL, given)
}

fn ids_up_to<T: FromStr<Err: Display>>(most: usize, given: &[ID]) -> ApiResult<Vec<T>> {
    if given.is_empty() || given.len() > most {
        let problem = format!("{} ids are given: give 1 to {most}", given.len());
        return Err(ApiError::invalid("ids", problem));
    }
    given.iter().map(|given| id("ids", given)).collect()
}

/// Reads what a list is filtered by. The database holds no text with U+0000, and takes none.
pub(super) fn text(field: &str, given: Option<String>) -> ApiResult<Option<String>> {
    match given {
        Some(text) if text.contains('\0') => {
            Err(ApiError::invalid(field, format!("`{field}` contains the character U+0000")))
        }
        given => Ok(given),
    }
}

/// Reads which page is asked for; cursors are keys in decimal.
pub(super) fn page(first: i32, after: Option<&str>) -> ApiResult<PageRequest> {
    let key = |cursor: &str| {
        cursor.parse().ok().filter(|key| *key >= 0).ok_or_else(|| {
            ApiError::invalid("after", "`after` is no cursor: give an `endCursor` of this list")
        })
    };
    page_after(first, after.map(key).transpose()?)
}

/// Reads which page is asked for, by key.
pub(super) fn page_after(first: i32, after: Option<i64>) -> ApiResult<PageRequest> {
    if !(1..=MAX_PAGE).contains(&first) {
        let problem = format!("`first` is {first}: give 1 to {MAX_PAGE}");
        return Err(ApiError::invalid("first", problem));
    }
    Ok(PageRequest { first: i64::from(first), after })
}

/// Reads how many of the newest entries of a list are asked for.
pub(super) fn newest(last: i32) -> ApiResult<i64> {
    if !(1..=MAX_PAGE).contains(&last) {
        let problem = format!("`last` is {last}: give 1 to {MAX_PAGE}");
        return Err(ApiError::invalid("last", problem));
    }
    Ok(i64::from(last))
}

/// Reads what names one thing, by its id, its number or both.
pub(super) fn id_or_number<T: FromStr<Err: Display>>(
    given: Option<&ID>,
    number: Option<i32>,
) -> ApiResult<Option<T>> {
    if given.is_none() && number.is_none() {
        return Err(ApiError::invalid("id", "neither `id` nor `number` is given"));
    }
    optional_id("id", given)
}

/// Reads an order's fields as the panel API would send them: text each, lists as lines.
pub(super) fn order_fields(given: Option<Value>) -> ApiResult<BTreeMap<String, String>> {
    match given {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(fields)) => fields
            .into_iter()
            .map(|(name, value)| match field_text(&value) {
                Some(text) => Ok((name, text)),
                None => Err(ApiError::invalid(
                    &name,
                    format!("`{name}` must be a string, a number, a boolean or a list of strings"),
                )),
            })
            .collect(),
        Some(_) => {
            let problem =
                "`fields` must be an object, such as {\"comments\": [\"Nice\", \"Great\"]}";
            Err(ApiError::invalid("fields", problem))
        }
    }
}

fn field_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(lines) => {
            let lines: Option<Vec<&str>> = lines.iter().map(Value::as_str).collect();
            lines.map(|lines| lines.join("\n"))
        }
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_fields_become_text_and_lists_become_lines() {
        let given = json!({"comments": ["a", "b"], "runs": 3, "interval": "30", "x": true});
        let fields = order_fields(Some(given)).unwrap();
        let expected = [("comments", "a\nb"), ("interval", "30"), ("runs", "3"), ("x", "true")];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(fields, BTreeMap::from(expected));
    }

    #[test]
    fn order_fields_of_other_shapes_are_refused() {
        for given in [json!([1]), json!("a"), json!({"a": null}), json!({"a": [1]})] {
            assert!(order_fields(Some(given)).is_err());
        }
    }
}
