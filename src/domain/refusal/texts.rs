//! The texts that count as a refusal, as panels document and send them, until an operator says otherwise of one
//! ([`ErrorTexts`](super::ErrorTexts)). `#` stands for a number.
//!
//! A text counts only as a whole: panels are chains, and some answer an error *after* their upstream took the order,
//! so a text that merely contains a listed one proves nothing.

use super::RefusalClass::{self, *};

/// Normalised sentences.
const SENTENCES: &[(&str, RefusalClass)] = &[
    ("not enough funds on balance", WalletEmpty),
    ("insufficient balance", WalletEmpty),
    ("your balance is insufficient", WalletEmpty),
    ("invalid api key", BadKey),
    ("incorrect api key", BadKey),
    ("api key not found", BadKey),
    ("your account has been suspended", BadKey),
    ("incorrect service id", ServiceGone),
    ("service not found or inactive", ServiceGone),
    ("quantity less than minimal #", Quantity),
    ("quantity more than maximum #", Quantity),
    ("incorrect quantity", Quantity),
    ("bad link", Link),
    ("incorrect link", Link),
    ("you have active order with this link. please wait until order being completed", LinkBusy),
    ("rate limit exceeded", Overload),
    ("too many requests", Overload),
    ("ordering is disabled", Maintenance),
    ("api is disabled", Maintenance),
    ("incorrect request", Dialect),
    ("invalid action", Dialect),
];

/// The one sentence that panels carry on, and the ways in which they do. Another way might say that the order was taken.
const CARRIED_ON: (&str, RefusalClass) = ("insufficient balance", WalletEmpty);
const CONTINUATIONS: &[&str] = &[
    "",
    "for this order",
    "in your account",
    "on your account",
    "to place this order",
    "to place the order",
    "to complete this order",
    "please add funds",
    "please add funds to your account",
    "please deposit",
    "please recharge",
    "please recharge your account",
    "please top up",
    "please top up your account",
    "your balance is #",
    "your balance: #",
    "you need #",
    "you need # usd, please top up",
    "you need # usd. please top up",
];

/// What some panels send in place of a sentence, after one of [`KEY_PREFIXES`].
const KEYS: &[(&str, RefusalClass)] = &[
    ("not_enough_funds", WalletEmpty),
    ("incorrect_service_id", ServiceGone),
    ("service_inactive", ServiceGone),
    ("service_not_found", ServiceGone),
    ("min_quantity", Quantity),
    ("max_quantity", Quantity),
    ("link", Link),
    ("invalid_link", Link),
    ("link_not_found", Link),
    ("link_duplicate", LinkBusy),
];

const KEY_PREFIXES: [&str; 2] = ["neworder.error.", "error."];

pub(super) fn class_of(text: &str) -> Option<RefusalClass> {
    let text = normalised(text);
    let key = KEY_PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
    match key {
        Some(key) => listed(KEYS, key),
        None => listed(SENTENCES, &text).or_else(|| carried_on(&text)),
    }
}

fn listed(table: &[(&str, RefusalClass)], text: &str) -> Option<RefusalClass> {
    table.iter().find(|(known, _)| *known == text).map(|(_, class)| *class)
}

fn carried_on(text: &str) -> Option<RefusalClass> {
    let rest = text.strip_prefix(CARRIED_ON.0)?;
    let rest = rest.trim_start_matches([' ', ',', '.', ':', ';', '!', '-', '…']);
    CONTINUATIONS.contains(&rest.trim_end_matches('!')).then_some(CARRIED_ON.1)
}

/// Folds case, white space and numbers, and drops the dots at the end.
pub(super) fn normalised(text: &str) -> String {
    let words: Vec<String> =
        text.split_whitespace().map(|word| with_numbers_folded(&word.to_lowercase())).collect();
    words.join(" ").trim_end_matches(['.', '…', ' ']).to_owned()
}

/// Replaces each number by `#`; points and commas inside it belong to it.
fn with_numbers_folded(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    let mut rest = word.chars().peekable();
    while let Some(c) = rest.next() {
        if !c.is_ascii_digit() {
            folded.push(c);
            continue;
        }
        folded.push('#');
        skip_number(&mut rest);
    }
    folded
}

fn skip_number(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    loop {
        while rest.next_if(char::is_ascii_digit).is_some() {}
        let mut ahead = rest.clone();
        let separator = ahead.next().is_some_and(|c| c == '.' || c == ',');
        if !separator || !ahead.next().is_some_and(|c| c.is_ascii_digit()) {
            return;
        }
        rest.next();
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("Not enough funds on balance", WalletEmpty)]
    #[test_case("neworder.error.not_enough_funds", WalletEmpty)]
    #[test_case("error.not_enough_funds", WalletEmpty)]
    #[test_case("Insufficient balance", WalletEmpty)]
    #[test_case("Insufficient balance…", WalletEmpty)]
    #[test_case("Insufficient balance. You need 3.50 USD, please top up!", WalletEmpty)]
    #[test_case("Your balance is insufficient", WalletEmpty)]
    #[test_case("Invalid API key", BadKey)]
    #[test_case("Incorrect API key", BadKey)]
    #[test_case("API key not found", BadKey)]
    #[test_case("Your account has been suspended.", BadKey)]
    #[test_case("Incorrect service ID", ServiceGone)]
    #[test_case("neworder.error.incorrect_service_id", ServiceGone)]
    #[test_case("neworder.error.service_inactive", ServiceGone)]
    #[test_case("neworder.error.service_not_found", ServiceGone)]
    #[test_case("Service not found or inactive", ServiceGone)]
    #[test_case("Quantity less than minimal 100", Quantity)]
    #[test_case("Quantity more than maximum 1,000,000", Quantity)]
    #[test_case("neworder.error.min_quantity", Quantity)]
    #[test_case("neworder.error.max_quantity", Quantity)]
    #[test_case("Incorrect quantity", Quantity)]
    #[test_case("Bad link", Link)]
    #[test_case("Incorrect link", Link)]
    #[test_case("neworder.error.link", Link)]
    #[test_case("neworder.error.invalid_link", Link)]
    #[test_case("neworder.error.link_not_found", Link)]
    #[test_case(
        "You have active order with this link. Please wait until order being completed.",
        LinkBusy
    )]
    #[test_case("neworder.error.link_duplicate", LinkBusy)]
    #[test_case("Rate limit exceeded", Overload)]
    #[test_case("Too many requests", Overload)]
    #[test_case("Ordering is disabled", Maintenance)]
    #[test_case("API is disabled", Maintenance)]
    #[test_case("Incorrect request", Dialect)]
    #[test_case("Invalid action", Dialect)]
    fn listed_text_has_its_class(text: &str, class: RefusalClass) {
        assert_eq!(RefusalClass::of_text(text), Some(class));
    }

    #[test_case("  INCORRECT   Service\tid\n", ServiceGone; "case and white space")]
    #[test_case("Bad link.", Link; "a dot at the end")]
    #[test_case("Too many requests...", Overload; "dots at the end")]
    #[test_case("Your account has been suspended", BadKey; "no dot at the end")]
    #[test_case("quantity less than minimal 0.5", Quantity; "a number with a point")]
    #[test_case("NEWORDER.ERROR.LINK_DUPLICATE", LinkBusy; "a key in capitals")]
    fn spelling_does_not_matter(text: &str, class: RefusalClass) {
        assert_eq!(RefusalClass::of_text(text), Some(class));
    }

    #[test_case("Unknown error, please try again later")]
    #[test_case("Order could not be created")]
    #[test_case("error")]
    #[test_case("")]
    #[test_case("...")]
    #[test_case("neworder.error.")]
    #[test_case("neworder.error.unknown")]
    #[test_case("link")]
    #[test_case("not_enough_funds")]
    #[test_case("Bad links")]
    #[test_case("Bad link, but the order was created")]
    #[test_case("Upstream said: Incorrect service ID")]
    #[test_case("Incorrect service ID 5")]
    #[test_case("Quantity less than minimal")]
    #[test_case("Quantity less than minimal ten")]
    #[test_case("Quantity less than minimal 10 or 20")]
    #[test_case("Insufficient balances were found")]
    #[test_case("You have an Insufficient balance")]
    #[test_case("Not enough funds on balance of our supplier")]
    #[test_case("<html><body>Too many requests</body></html>")]
    #[test_case("Invalid API key. Invalid API key")]
    fn near_miss_has_no_class(text: &str) {
        assert_eq!(RefusalClass::of_text(text), None);
    }

    #[test]
    fn long_text_that_contains_a_listed_one_has_no_class() {
        let padding = "please contact support ".repeat(200);
        assert_eq!(RefusalClass::of_text(&format!("{padding} Bad link")), None);
        assert_eq!(RefusalClass::of_text(&format!("Bad link {padding}")), None);
    }
}
