//! Replies about orders that a provider holds: `status`, `refill`, `refill_status`, `cancel`.
//!
//! First it is found which part of a reply is about which order: by its id as a key or in a row, or by its place in a list
//! of as many as were asked about. A part that is not there is missing, and says nothing. Then each part is read alone, so
//! that an error in one is no failure of the others.

use serde_json::value::RawValue;

use super::{Members, Reply, Unexpected, excerpt, value};
use crate::{
    domain::{
        order::{DeliveryStatus, RefillStatus, StatusReading},
        refusal::RefusalClass,
    },
    provider_api::{meanings::Meanings, transport::Answer},
};

/// Largest count that every client can read exactly.
const MAX_COUNT: u64 = 1 << 53;

/// Where panels that wrap their replies put what was asked for.
const WRAPPERS: [&str; 3] = ["data", "orders", "result"];

/// What a provider says of one of the things that it was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerFor<T> {
    /// What was asked for.
    Found(T),
    /// An error about this one, in the provider's words; at most 500 characters, without the key.
    Error(String),
    /// Nothing.
    Missing,
}

impl<T> AnswerFor<T> {
    /// Makes something else of what was found.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> AnswerFor<U> {
        match self {
            Self::Found(found) => AnswerFor::Found(make(found)),
            Self::Error(words) => AnswerFor::Error(words),
            Self::Missing => AnswerFor::Missing,
        }
    }
}

/// How a call names what it asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::provider_api) enum Form {
    /// By one id.
    One,
    /// By a list of ids.
    List,
}

/// A reply that says that the panel does not take lists, and anything else that is no reply.
#[derive(Debug)]
pub(in crate::provider_api) enum NoAnswers {
    /// Ask one by one.
    NoLists(Unexpected),
    /// The call failed.
    Failed(Unexpected),
}

/// How the part about one is read.
pub(in crate::provider_api) type ReadPart<T> = fn(&RawValue) -> AnswerFor<T>;

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub(in crate::provider_api) struct Question<'a> {
    /// How.
    pub(in crate::provider_api) form: Form,
    /// About which ids.
    pub(in crate::provider_api) asked: &'a [String],
    /// What error words mean.
    pub(in crate::provider_api) meanings: Meanings<'a>,
}

/// Reads a reply about what was asked, in that order; `id_names` are the members that name an id in a row.
pub(in crate::provider_api) fn answers<T>(
    answer: &Answer,
    question: &Question<'_>,
    id_names: &[&str],
    read: ReadPart<T>,
) -> Result<Vec<AnswerFor<T>>, NoAnswers> {
    let text = answer.text();
    let no_status = || Unexpected::NoStatus { status: answer.status, begins: excerpt(&text) };
    let not_json = || NoAnswers::Failed(Unexpected::not_json(answer));
    let whole: &RawValue = serde_json::from_str(text.trim()).map_err(|_| not_json())?;
    match Reply::parse(whole.get()).ok_or_else(not_json)? {
        Reply::Object(members) => {
            let error = members.stated_error().or_else(|| members.words_of_failure());
            if let Some(words) = error {
                return of_error(words, answer.status, question);
            }
        }
        Reply::List(_) => {}
        Reply::Text(_) | Reply::Other => {
            return Err(NoAnswers::Failed(no_status()));
        }
    }
    let parts = parts(whole, question.asked, id_names).into_iter();
    let answers: Vec<_> = parts.map(|part| part.map_or(AnswerFor::Missing, read)).collect();
    let says_nothing = answers.iter().all(|answer| matches!(answer, AnswerFor::Missing));
    if says_nothing && !(200..300).contains(&answer.status) {
        return Err(NoAnswers::Failed(no_status()));
    }
    Ok(answers)
}

/// An error in place of a reply is about the call, or about the one order that was asked about.
fn of_error<T>(
    words: String,
    status: u16,
    question: &Question<'_>,
) -> Result<Vec<AnswerFor<T>>, NoAnswers> {
    let class = question.meanings.of(&words);
    if question.form == Form::List && takes_no_lists(&words, class) {
        return Err(NoAnswers::NoLists(Unexpected::error(words, status)));
    }
    if question.asked.len() > 1 || is_about_the_call(class) {
        return Err(NoAnswers::Failed(Unexpected::error(words, status)));
    }
    Ok(vec![AnswerFor::Error(words)])
}

/// A panel that knows only `order` finds none in a call with `orders`.
fn takes_no_lists(words: &str, class: Option<RefusalClass>) -> bool {
    let words = words.trim().trim_end_matches('.').to_lowercase();
    let no_order = ["incorrect order id", "incorrect order", "invalid order id", "order not found"];
    no_order.contains(&words.as_str()) || class == Some(RefusalClass::Dialect)
}

fn is_about_the_call(class: Option<RefusalClass>) -> bool {
    use RefusalClass::{BadKey, Dialect, Maintenance, Overload, WalletEmpty};
    class.is_some_and(|c| [BadKey, Dialect, Maintenance, Overload, WalletEmpty].contains(&c))
}

/// Finds the part about each of `asked`.
fn parts<'a>(
    whole: &'a RawValue,
    asked: &[String],
    id_names: &[&str],
) -> Vec<Option<&'a RawValue>> {
    match Reply::parse(whole.get()) {
        Some(Reply::Object(members)) => parts_of_object(whole, &members, asked, id_names),
        Some(Reply::List(rows)) => parts_of_list(&rows, asked, id_names),
        _ => vec![None; asked.len()],
    }
}

fn parts_of_object<'a>(
    whole: &'a RawValue,
    members: &Members<'a>,
    asked: &[String],
    id_names: &[&str],
) -> Vec<Option<&'a RawValue>> {
    let by_key: Vec<_> = asked.iter().map(|id| members.get(id)).collect();
    if by_key.iter().any(Option::is_some) {
        return by_key;
    }
    for inner in WRAPPERS.iter().filter_map(|name| members.get(name)) {
        let found = parts(inner, asked, id_names);
        if found.iter().any(Option::is_some) {
            return found;
        }
    }
    match asked {
        [_] => vec![Some(whole)],
        _ => vec![None; asked.len()],
    }
}

fn parts_of_list<'a>(
    rows: &[&'a RawValue],
    asked: &[String],
    id_names: &[&str],
) -> Vec<Option<&'a RawValue>> {
    let read: Vec<_> = rows.iter().map(|row| (*row, Members::of(row))).collect();
    let id_in =
        |members: &Members<'a>| id_names.iter().find_map(|name| value::id(members.get(name)?));
    let by_id = |id: &String| {
        let mut named = read.iter().filter_map(|(row, members)| Some((*row, members.as_ref()?)));
        let found = named.find(|(_, members)| id_in(members).as_ref() == Some(id));
        found.map(|(row, _)| row)
    };
    let by_key = |id: &String| read.iter().find_map(|(_, members)| members.as_ref()?.get(id));
    let found: Vec<_> = asked.iter().map(|id| by_id(id).or_else(|| by_key(id))).collect();
    let names_others = || read.iter().any(|(_, m)| m.as_ref().and_then(id_in).is_some());
    if found.iter().any(Option::is_some) || rows.len() != asked.len() || names_others() {
        return found;
    }
    rows.iter().map(|row| Some(*row)).collect()
}

/// Reads what is said of an order's status.
pub(in crate::provider_api) fn order_status(part: &RawValue) -> AnswerFor<StatusReading> {
    let is_known = |word: &str| DeliveryStatus::of_word(word).is_some();
    let (provider_status, members) = match status_or_error(part, is_known) {
        Ok(said) => said,
        Err(none) => return none,
    };
    let words = |name| members.as_ref().and_then(|members| members.words(name));
    AnswerFor::Found(StatusReading {
        provider_status,
        start_count: words("start_count").and_then(count),
        remains: words("remains").and_then(count),
        charge: words("charge").and_then(|text| value::decimal(&text)),
        currency: words("currency").map(|word| word.trim().to_owned()),
    })
}

/// Reads what is said of a refill's status.
pub(in crate::provider_api) fn refill_status(part: &RawValue) -> AnswerFor<String> {
    match status_or_error(part, |word| RefillStatus::of_word(word).is_some()) {
        Ok((word, _)) => AnswerFor::Found(word),
        Err(none) => none,
    }
}

/// Reads the id of a refill that was asked for.
pub(in crate::provider_api) fn refill_id(part: &RawValue) -> AnswerFor<String> {
    let Some(members) = Members::of(part) else { return AnswerFor::Missing };
    if let Some(words) = error_of(&members, "refill") {
        return AnswerFor::Error(words);
    }
    let id = ["refill", "refill_id"].into_iter().find_map(|name| value::id(members.get(name)?));
    id.map_or(AnswerFor::Missing, AnswerFor::Found)
}

/// Reads whether a request to cancel was taken.
pub(in crate::provider_api) fn cancelled(part: &RawValue) -> AnswerFor<()> {
    let Some(members) = Members::of(part) else { return AnswerFor::Missing };
    if let Some(words) = error_of(&members, "cancel") {
        return AnswerFor::Error(words);
    }
    match value::flag(members.get("cancel")) {
        Some(true) => AnswerFor::Found(()),
        Some(false) => AnswerFor::Error("the provider answered no to the request".to_owned()),
        None => AnswerFor::Missing,
    }
}

/// Returns the words of an error beside a member or in its place.
fn error_of(members: &Members<'_>, name: &str) -> Option<String> {
    let inner = members.get(name).and_then(Members::of);
    members.stated_error().or_else(|| inner?.stated_error())
}

/// Returns a status' word with the members beside it. A bare string is a status only if the word is known, else an error.
fn status_or_error<T>(
    part: &RawValue,
    is_known: fn(&str) -> bool,
) -> Result<(String, Option<Members<'_>>), AnswerFor<T>> {
    let members = match Reply::parse(part.get()) {
        Some(Reply::Object(members)) => members,
        Some(Reply::Text(word)) if is_known(&word) => return Ok((word.trim().to_owned(), None)),
        Some(Reply::Text(words)) if !words.trim().is_empty() => {
            return Err(AnswerFor::Error(words));
        }
        _ => return Err(AnswerFor::Missing),
    };
    if let Some(words) = error_of(&members, "status") {
        return Err(AnswerFor::Error(words));
    }
    let Some(word) = members.words("status") else { return Err(AnswerFor::Missing) };
    match members.words_of_failure() {
        Some(words) => Err(AnswerFor::Error(words)),
        None if members.says_success() => Err(AnswerFor::Missing),
        None => Ok((word.trim().to_owned(), Some(members))),
    }
}

fn count(text: String) -> Option<i64> {
    let number = value::whole(&text)?;
    (number.unsigned_abs() <= MAX_COUNT).then_some(number)
}
