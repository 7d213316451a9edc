//! `add`: checks an order in the order in which panels do, charges it, and gives it an id.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Refusal;
use crate::simulator::catalogue::{Amount, Product};
use crate::simulator::orders::{NewOrder, Now};
use crate::simulator::params::Params;
use crate::simulator::state::State;

pub(super) fn answer(state: &mut State, params: &Params, now: Now) -> Result<Value, Refusal> {
    let service = params.get("service").ok_or(Refusal::ServiceUnknown)?;
    let product = state.shelf.product(service).ok_or(Refusal::ServiceUnknown)?;
    let link = link(product, params)?;
    check_fields(product, params)?;
    let quantity = quantity(product, params)?;
    let charge = product.unit_price.checked_mul(Decimal::from(quantity));
    if charge.ok_or(Refusal::QuantityIncorrect)? > state.book.balance {
        return Err(Refusal::FundsMissing);
    }
    if state.switches.busy_links && state.book.is_link_busy(&product.service, link) {
        return Err(Refusal::LinkBusy);
    }
    let new = NewOrder {
        service: product.service.clone(),
        link: link.to_owned(),
        quantity,
        unit_price: product.unit_price,
        params: params.without_key(),
    };
    Ok(json!({ "order": state.book.accept(new, &mut state.rng, now) }))
}

/// What the order is delivered to: user names are links too, but not texts with spaces.
fn link<'a>(product: &Product, params: &'a Params) -> Result<&'a str, Refusal> {
    if product.form.amount == Amount::Posts {
        return params.get("username").ok_or(Refusal::RequestIncorrect);
    }
    params.get("link").filter(|link| !link.contains(char::is_whitespace)).ok_or(Refusal::LinkBad)
}

fn check_fields(product: &Product, params: &Params) -> Result<(), Refusal> {
    let has = |name: &&str| params.get(name).is_some();
    let by_traffic: &[&str] = match params.get("type_of_traffic") {
        Some("1") => &["google_keyword"],
        Some("2") => &["referring_url"],
        _ => &[],
    };
    let fields = product.form.fields;
    let by_traffic = if fields.contains(&"type_of_traffic") { by_traffic } else { &[] };
    if fields.iter().chain(by_traffic).all(has) { Ok(()) } else { Err(Refusal::RequestIncorrect) }
}

/// The units to charge, with the part that the service limits judged against them.
fn quantity(product: &Product, params: &Params) -> Result<u64, Refusal> {
    match product.form.amount {
        Amount::One => Ok(1),
        Amount::Lines(field) => within(product, params.lines(field)),
        Amount::Quantity => {
            let each = params.number("quantity").ok_or(Refusal::QuantityIncorrect)?;
            times(within(product, each)?, params, "runs")
        }
        Amount::Posts => {
            let (min, max) = (params.number("min"), params.number("max"));
            let (min, max) = min.zip(max).ok_or(Refusal::QuantityIncorrect)?;
            if min > max {
                return Err(Refusal::QuantityIncorrect);
            }
            within(product, min)?;
            times(within(product, max)?, params, "posts")
        }
    }
}

fn within(product: &Product, quantity: u64) -> Result<u64, Refusal> {
    if quantity < product.min {
        return Err(Refusal::QuantityTooSmall(product.min));
    }
    if quantity > product.max {
        return Err(Refusal::QuantityTooLarge(product.max));
    }
    Ok(quantity)
}

/// `each` times a count that may be left out.
fn times(each: u64, params: &Params, field: &str) -> Result<u64, Refusal> {
    if params.get(field).is_none() {
        return Ok(each);
    }
    let count = params.number(field).filter(|count| *count > 0);
    count.and_then(|count| each.checked_mul(count)).ok_or(Refusal::QuantityIncorrect)
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::simulator::Catalogue;

    const LINK: (&str, &str) = ("link", "https://example.com/p/1");

    fn state(kind: &str) -> State {
        let row = json!({"service": 7, "type": kind, "rate": "1.5", "min": "2", "max": 100});
        State::sample(Catalogue::from(vec![row]))
    }

    fn add(state: &mut State, params: &Params) -> Result<Value, Refusal> {
        answer(state, params, Now::read())
    }

    #[test_case("Default", &[LINK, ("quantity", "10"), ("runs", "3"), ("interval", "5")], 30)]
    #[test_case("SEO", &[LINK, ("quantity", "10"), ("keywords", "a\nb")], 10)]
    #[test_case("Custom Comments", &[LINK, ("comments", "good\n\nnice\r\nfine")], 3)]
    #[test_case("Mentions", &[LINK, ("quantity", "10"), ("usernames", "a\nb")], 10)]
    #[test_case("Mentions with Hashtags", &[LINK, ("quantity", "10"), ("usernames", "a"), ("hashtags", "#b")], 10)]
    #[test_case("Mentions Custom List", &[LINK, ("usernames", "a\nb\nc\nd")], 4)]
    #[test_case("Mentions Hashtag", &[LINK, ("quantity", "10"), ("hashtag", "#b")], 10)]
    #[test_case("Mentions User Followers", &[LINK, ("quantity", "10"), ("username", "a")], 10)]
    #[test_case("Mentions Media Likers", &[LINK, ("quantity", "10"), ("media", "https://example.com/m")], 10)]
    #[test_case("Comment Likes", &[LINK, ("quantity", "10"), ("username", "a")], 10)]
    #[test_case("Poll", &[LINK, ("quantity", "10"), ("answer_number", "2")], 10)]
    #[test_case("Comment Replies", &[LINK, ("username", "a"), ("comments", "x\ny")], 2)]
    #[test_case("Invites from Groups", &[LINK, ("quantity", "10"), ("groups", "g\nh")], 10)]
    #[test_case("Subscriptions", &[("username", "a"), ("min", "5"), ("max", "20"), ("delay", "30"), ("posts", "4")], 80)]
    #[test_case("Web Traffic", &[LINK, ("quantity", "10"), ("country", "VN"), ("device", "1"), ("type_of_traffic", "1"), ("google_keyword", "k")], 10)]
    #[test_case("Special", &[LINK, ("quantity", "10")], 10)]
    fn a_type_takes_its_fields_and_counts_its_units(
        kind: &str,
        fields: &[(&str, &str)],
        units: u64,
    ) {
        let mut state = state(kind);
        let optional = ["runs", "interval", "posts"];
        for missing in fields.iter().filter(|(name, _)| !optional.contains(name)) {
            let rest: Vec<_> = fields.iter().filter(|field| *field != missing).collect();
            assert!(add(&mut state, &params(&rest)).is_err(), "{kind} without {}", missing.0);
        }
        add(&mut state, &params(&fields.iter().collect::<Vec<_>>())).unwrap();
        let order = state.book.show_all(Now::read()).remove(0);
        assert_eq!(order.quantity, units);
        assert_eq!(order.charge, Decimal::new(15, 4) * Decimal::from(units));
    }

    fn params(fields: &[&(&str, &str)]) -> Params {
        [("service", "7")].iter().chain(fields.iter().copied()).copied().collect()
    }

    #[test_case("Package", &[&LINK])]
    #[test_case("Custom Comments Package", &[&LINK, &("comments", "a\nb\nc")])]
    fn a_package_counts_as_one_and_costs_its_whole_rate(kind: &str, fields: &[&(&str, &str)]) {
        let mut state = state(kind);
        add(&mut state, &params(fields)).unwrap();
        let order = state.book.show_all(Now::read()).remove(0);
        assert_eq!((order.quantity, order.charge), (1, Decimal::new(15, 1)));
    }

    #[test_case(&[("service", "8")], "Incorrect service ID")]
    #[test_case(&[("link", "two words")], "Bad link")]
    #[test_case(&[("quantity", "many")], "Incorrect quantity")]
    #[test_case(&[("quantity", "1")], "Quantity less than minimal 2")]
    #[test_case(&[("quantity", "101")], "Quantity more than maximum 100")]
    #[test_case(&[("runs", "0")], "Incorrect quantity")]
    #[test_case(&[("runs", "99999999999999999999")], "Incorrect quantity")]
    #[test_case(&[("runs", "1000000000000")], "Not enough funds on balance")]
    fn a_wrong_order_is_refused_in_the_words_of_panels(wrong: &[(&str, &str)], text: &str) {
        let mut state = state("Default");
        let right = [("service", "7"), LINK, ("quantity", "10")];
        let params: Params = right.iter().chain(wrong).copied().collect();
        let before = state.book.balance;
        assert_eq!(add(&mut state, &params).unwrap_err().to_string(), text);
        assert_eq!(state.book.balance, before);
    }

    #[test]
    fn a_busy_link_is_refused_only_where_that_is_switched_on() {
        let mut state = state("Default");
        let order = || params(&[&LINK, &("quantity", "10")]);
        add(&mut state, &order()).unwrap();
        add(&mut state, &order()).unwrap();
        state.switches.busy_links = true;
        assert_eq!(add(&mut state, &order()), Err(Refusal::LinkBusy));
        add(&mut state, &params(&[&("link", "https://example.com/p/2"), &("quantity", "10")]))
            .unwrap();
    }
}
