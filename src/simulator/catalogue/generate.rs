//! Realistic rows in any number: mixed spellings, two languages, emoji, wide limits, some unknown types.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::forms::{Amount, FORMS};
use super::words::{NOUNS, Noun, PLATFORMS, QUALITIES, SPECIAL_NOUNS, SPEEDS, UNKNOWN_KINDS};

/// Which form a row has: an index into the known ones, or an unknown type.
#[derive(Clone, Copy)]
enum Plan {
    Known(usize),
    Unknown,
}

pub(super) fn rows(count: usize, rng: &mut Rng) -> Vec<Value> {
    let mut service = 1000;
    let mut plans: Vec<Plan> = (0..count).map(|place| plan(place, rng)).collect();
    rng.shuffle(&mut plans);
    plans
        .into_iter()
        .map(|plan| {
            service += rng.u64(1..=4);
            row(service, plan, rng)
        })
        .collect()
}

/// Lets every type occur once, then mostly the default one.
fn plan(place: usize, rng: &mut Rng) -> Plan {
    if place <= FORMS.len() {
        return if place < FORMS.len() { Plan::Known(place) } else { Plan::Unknown };
    }
    match rng.u32(0..1000) {
        0..850 => Plan::Known(0),
        850..992 => Plan::Known(rng.usize(1..FORMS.len())),
        _ => Plan::Unknown,
    }
}

fn row(service: u64, plan: Plan, rng: &mut Rng) -> Value {
    let (kind, amount, noun) = match plan {
        Plan::Known(0) => (FORMS[0].name, FORMS[0].amount, pick(&NOUNS, rng)),
        Plan::Known(index) => (FORMS[index].name, FORMS[index].amount, SPECIAL_NOUNS[index - 1]),
        Plan::Unknown => (pick(&UNKNOWN_KINDS, rng), Amount::Quantity, pick(&NOUNS, rng)),
    };
    let mut row = Map::new();
    row.insert("service".to_owned(), number(service, rng));
    row.insert("type".to_owned(), json!(spelling(kind, rng)));
    add_names(&mut row, noun, rng);
    row.insert("rate".to_owned(), rate(rng));
    let (min, max) = limits(amount, rng);
    row.insert("min".to_owned(), number(min, rng));
    row.insert("max".to_owned(), number(max, rng));
    for name in ["refill", "cancel", "dripfeed"] {
        if let Some(value) = flag(rng) {
            row.insert(name.to_owned(), value);
        }
    }
    if rng.u32(0..4) == 0 {
        row.insert("average_time".to_owned(), json!(format!("{} minutes", rng.u32(5..3000))));
    }
    Value::Object(row)
}

fn add_names(row: &mut Map<String, Value>, (english, vietnamese): Noun, rng: &mut Rng) {
    let (platform, emoji) = pick(&PLATFORMS, rng);
    let (quality, speed) = (pick(&QUALITIES, rng), pick(&SPEEDS, rng));
    let (noun, name) = match rng.u32(0..4) {
        0 => (vietnamese, format!("{platform} | {vietnamese} | {english} {quality} | {speed}")),
        1 => (english, format!("{emoji} {platform} {english} [ {quality} ] {speed}")),
        _ => (english, format!("{platform} {english} | {quality} | {speed}")),
    };
    row.insert("name".to_owned(), json!(name));
    row.insert("category".to_owned(), json!(format!("{emoji} {platform} | {noun}")));
}

/// A rate of 2 to 8 decimals below 100, more often cheap than dear.
fn rate(rng: &mut Rng) -> Value {
    let decimals = rng.usize(2..=8);
    let whole = if rng.u32(0..3) == 0 { rng.u32(1..100) } else { 0 };
    let fraction = rng.u64(1..10_u64.pow(decimals as u32));
    let text = format!("{whole}.{fraction:0decimals$}");
    // A number is read from its text: so it has the digits that were drawn, not those of a sum of floats.
    let number = serde_json::from_str(&text).ok().filter(|_| rng.u32(0..4) == 0);
    number.unwrap_or_else(|| json!(text))
}

fn limits(amount: Amount, rng: &mut Rng) -> (u64, u64) {
    if amount == Amount::One {
        return (1, 1);
    }
    let min = pick(&[1, 5, 10, 20, 50, 100, 200, 500, 1000], rng);
    let max = pick(&[5_000, 10_000, 50_000, 100_000, 1_000_000, 10_000_000, 2_147_483_647], rng);
    if rng.u32(0..25) == 0 { (min, 10_000_000_000) } else { (min, max) }
}

fn number(value: u64, rng: &mut Rng) -> Value {
    if rng.bool() { json!(value) } else { json!(value.to_string()) }
}

fn flag(rng: &mut Rng) -> Option<Value> {
    let yes = rng.bool();
    match rng.u32(0..10) {
        0 => None,
        1 => Some(json!(u8::from(yes))),
        2 => Some(json!(u8::from(yes).to_string())),
        _ => Some(json!(yes)),
    }
}

fn spelling(kind: &str, rng: &mut Rng) -> String {
    match rng.u32(0..12) {
        0 => kind.to_lowercase(),
        1 => kind.to_lowercase().replace(' ', "_"),
        _ => kind.to_owned(),
    }
}

fn pick<T: Copy>(from: &[T], rng: &mut Rng) -> T {
    from[rng.usize(0..from.len())]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::{Duration, Instant};

    use super::super::Product;
    use super::*;

    fn generate(count: usize) -> Vec<Value> {
        rows(count, &mut Rng::with_seed(42))
    }

    #[test]
    fn the_same_seed_gives_the_same_rows_and_another_seed_others() {
        assert_eq!(generate(300), generate(300));
        assert_ne!(generate(300), rows(300, &mut Rng::with_seed(43)));
    }

    #[test]
    fn every_type_and_an_unknown_one_occur_from_eighteen_rows_on() {
        let rows = generate(18);
        let forms: BTreeSet<&str> =
            rows.iter().filter_map(|row| Some(Product::read(row)?.form.name)).collect();
        assert_eq!(forms.len(), FORMS.len());
        assert!(rows.iter().any(|row| UNKNOWN_KINDS.iter().any(|kind| {
            row["type"]
                .as_str()
                .is_some_and(|found| found.replace('_', " ").eq_ignore_ascii_case(kind))
        })));
    }

    #[test]
    fn ten_thousand_rows_are_made_at_once_and_all_can_be_sold() {
        let begin = Instant::now();
        let rows = generate(10_000);
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
        let products: Vec<Product> = rows.iter().filter_map(Product::read).collect();
        assert_eq!(products.len(), 10_000);
        let ids: BTreeSet<&str> = products.iter().map(|product| product.service.as_str()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(products.iter().any(|product| product.max > u64::from(u32::MAX)));
        assert!(
            rows.iter().any(|row| row["rate"].is_f64())
                && rows.iter().any(|row| row["rate"].is_string())
        );
    }
}
