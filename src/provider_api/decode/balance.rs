use super::{Members, Reply, Unexpected, excerpt, value};
use crate::{domain::Balance, provider_api::transport::Answer};

/// Longest currency, in characters; codes have three.
const MAX_CURRENCY: usize = 16;

/// Reads the reply to `balance`.
pub(in crate::provider_api) fn balance(answer: &Answer) -> Result<Balance, Unexpected> {
    let text = answer.text();
    let status = answer.status;
    let reply = Reply::parse(&text).ok_or_else(|| Unexpected::not_json(answer))?;
    let Reply::Object(members) = reply else {
        return Err(Unexpected::NoBalance { status, begins: excerpt(&text) });
    };
    if let Some(balance) = balance_among(&members)? {
        return Ok(balance);
    }
    Err(match members.error() {
        Some(words) => Unexpected::error(words, status),
        None => Unexpected::NoBalance { status, begins: excerpt(&text) },
    })
}

fn balance_among(members: &Members<'_>) -> Result<Option<Balance>, Unexpected> {
    let Some(amount) = members.words("balance") else { return Ok(None) };
    let Some(amount) = value::decimal(&amount) else { return Err(Unexpected::Balance(amount)) };
    let currency = members.words("currency").map(|word| {
        word.trim().chars().filter(|c| !c.is_control()).take(MAX_CURRENCY).collect::<String>()
    });
    Ok(Some(Balance { amount, currency }))
}

#[cfg(test)]
mod tests {
    use rust_decimal::{Decimal, dec};
    use test_case::test_case;

    use super::*;

    fn read(status: u16, body: &str) -> Result<Balance, String> {
        let answer = Answer::whole(status, body);
        balance(&answer).map_err(|error| error.to_string())
    }

    #[test_case(r#"{"balance":"100.84292","currency":"USD"}"#, dec!(100.84292), Some("USD"); "stock")]
    #[test_case(r#"{"balance":100.84292,"currency":"USD"}"#, dec!(100.84292), Some("USD"); "a number")]
    #[test_case(r#"{"status":"success","balance":"-0.5"}"#, dec!(-0.5), None; "below zero, without currency")]
    #[test_case(r#"{"balance":0,"currency":""}"#, dec!(0), None; "an empty currency")]
    #[test_case(r#"{"balance":1e-7,"error":null}"#, dec!(0.0000001), None; "an exponent")]
    fn balance_is_a_string_or_a_number(body: &str, amount: Decimal, currency: Option<&str>) {
        let currency = currency.map(str::to_owned);
        assert_eq!(read(200, body), Ok(Balance { amount, currency }));
    }

    #[test_case(
        200,
        r#"{"error":"Invalid API key"}"#,
        "the provider refused the key: Invalid API key"
    )]
    #[test_case(
        403,
        r#"{"status":"error","msg":"API key not found"}"#,
        "the provider refused the key: API key not found"
    )]
    #[test_case(
        200,
        r#"{"error":"Try later"}"#,
        "the provider answered an error (HTTP 200): Try later"
    )]
    #[test_case(200, r#"{"balance":"lots"}"#, "the balance `lots` is no decimal")]
    #[test_case(
        200,
        r#"{"balance":null}"#,
        "the answer holds no balance (HTTP 200): {\"balance\":null}"
    )]
    #[test_case(200, "[1]", "the answer holds no balance (HTTP 200): [1]")]
    #[test_case(502, "", "the answer is empty (HTTP 502)")]
    #[test_case(
        403,
        "<!DOCTYPE html>\n<p>",
        "the answer is not JSON but an HTML page (HTTP 403) that begins: <!DOCTYPE html>\n<p>"
    )]
    #[test_case(200, "nope", "the answer is not JSON but text (HTTP 200) that begins: nope")]
    #[test_case(
        200,
        "{\"balance\":",
        "the answer is not JSON but something like it (HTTP 200) that begins: {\"balance\":"
    )]
    fn failure_says_exactly_what_came_instead(status: u16, body: &str, words: &str) {
        assert_eq!(read(status, body), Err(words.to_owned()));
    }

    #[test]
    fn redirect_is_not_followed_but_named() {
        let location = Some("https://www.panel.example/api/v2".to_owned());
        let answer = Answer { location, ..Answer::whole(301, "") };
        assert_eq!(
            balance(&answer).map_err(|error| error.to_string()),
            Err("the provider redirects to https://www.panel.example/api/v2 (HTTP 301): \
                 give that address if it is the panel's"
                .to_owned())
        );
    }
}
