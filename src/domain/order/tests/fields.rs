//! What an order of each type carries, by the table of the panel API.

use std::collections::BTreeMap;

use rust_decimal::dec;
use test_case::test_case;

use crate::domain::{
    InvalidLink,
    order::{InvalidFields, OrderFields, OrderRequest},
    routing::Request,
    service::ServiceKind,
};

/// One row of the table: the type, and an order of it with all that is required.
struct Row {
    kind: &'static str,
    quantity: Option<i64>,
    fields: &'static [(&'static str, &'static str)],
    /// Units in one run; none for a package.
    makes: Option<i64>,
}

const fn counted(kind: &'static str, fields: &'static [(&'static str, &'static str)]) -> Row {
    Row { kind, quantity: Some(100), fields, makes: Some(100) }
}

const fn uncounted(
    kind: &'static str,
    fields: &'static [(&'static str, &'static str)],
    makes: Option<i64>,
) -> Row {
    Row { kind, quantity: None, fields, makes }
}

const TABLE: &[Row] = &[
    counted("Default", &[]),
    uncounted("Package", &[], None),
    counted("SEO", &[("keywords", "a\nb")]),
    uncounted("Custom Comments", &[("comments", "good\ngreat\nfine")], Some(3)),
    uncounted("Custom Comments Package", &[("comments", "good\ngreat")], None),
    counted("Mentions (with list)", &[("usernames", "ann\nbob")]),
    counted("Mentions with Hashtags", &[("usernames", "ann"), ("hashtags", "sun\nsea")]),
    uncounted("Mentions Custom List", &[("usernames", "ann\nbob")], Some(2)),
    counted("Mentions Hashtag", &[("hashtag", "sun")]),
    counted("Mentions User Followers", &[("username", "ann")]),
    counted("Mentions Media Likers", &[("media", "https://example.com/p/2")]),
    counted("Comment Likes", &[("username", "ann")]),
    counted("Poll", &[("answer_number", "2")]),
    uncounted("Comment Replies", &[("username", "ann"), ("comments", "good\ngreat")], Some(2)),
    counted("Invites from Groups", &[("groups", "one\ntwo")]),
    uncounted(
        "Subscriptions",
        &[("username", "ann"), ("min", "50"), ("max", "80"), ("delay", "5")],
        Some(80),
    ),
    counted("Web Traffic", &[("country", "WW"), ("device", "1"), ("type_of_traffic", "3")]),
];

const LIMITS: (i64, i64) = (1, 1000);
const LINK: &str = "https://example.com/p/1";

fn fields(given: &[(&str, &str)]) -> BTreeMap<String, String> {
    given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Row {
    fn request(&self) -> OrderRequest {
        let fields = fields(self.fields);
        OrderRequest { link: LINK.to_owned(), quantity: self.quantity, fields }
    }

    fn ordered(&self, request: OrderRequest) -> Result<OrderFields, InvalidFields> {
        OrderFields::try_new(&ServiceKind::new(self.kind), LIMITS, request)
    }
}

fn row(kind: &str) -> &'static Row {
    TABLE.iter().find(|row| row.kind == kind).unwrap()
}

/// An order of a type with some fields changed; an empty value takes the field away.
fn with(kind: &str, changes: &[(&str, &str)]) -> Result<OrderFields, InvalidFields> {
    let row = row(kind);
    let mut request = row.request();
    request.fields.extend(fields(changes));
    row.ordered(request)
}

fn value_problem(result: Result<OrderFields, InvalidFields>) -> (String, String) {
    match result.unwrap_err() {
        InvalidFields::Value { field, problem } => (field, problem),
        other => panic!("expected a value that does not do, got: {other}"),
    }
}

#[test]
fn order_with_all_that_its_type_requires_is_taken_and_sent_as_given() {
    for row in TABLE {
        let ordered = row.ordered(row.request()).expect(row.kind);
        assert_eq!(ordered.per_run, row.makes, "{}", row.kind);
        assert_eq!(ordered.quantity, row.makes.unwrap_or(1), "{}", row.kind);
        let mut sent = fields(row.fields);
        sent.extend(row.quantity.map(|quantity| ("quantity".to_owned(), quantity.to_string())));
        assert_eq!(ordered.sent, sent, "{}", row.kind);
    }
}

#[test]
fn each_field_that_a_type_requires_is_missed_by_name() {
    for row in TABLE {
        for (field, _) in row.fields {
            let mut request = row.request();
            request.fields.remove(*field);
            // A subscription's link stands in for its user name.
            if (row.kind, *field) == ("Subscriptions", "username") {
                request.link = String::new();
                assert_eq!(row.ordered(request), Err(InvalidFields::Link(InvalidLink::Empty)));
                continue;
            }
            let error = row.ordered(request).expect_err(row.kind);
            assert!(matches!(error, InvalidFields::Missing { .. }), "{}: {error}", row.kind);
            assert_eq!(error.field(), *field, "{}", row.kind);
        }
    }
}

#[test]
fn quantity_is_missed_where_the_type_has_one() {
    for row in TABLE.iter().filter(|row| row.quantity.is_some()) {
        let error = row.ordered(OrderRequest { quantity: None, ..row.request() });
        assert_eq!(error.expect_err(row.kind).field(), "quantity");
    }
}

#[test]
fn link_is_missed_by_every_type_but_subscriptions() {
    for row in TABLE.iter().filter(|row| row.kind != "Subscriptions") {
        let request = OrderRequest { link: " ".to_owned(), ..row.request() };
        let error = row.ordered(request).expect_err(row.kind);
        assert_eq!(error, InvalidFields::Link(InvalidLink::Empty), "{}", row.kind);
        assert_eq!(error.field(), "link");
    }
}

#[test]
fn field_that_the_type_does_not_have_is_named_with_those_that_it_has() {
    for row in TABLE {
        let mut request = row.request();
        request.fields.insert("colour".to_owned(), "red".to_owned());
        let error = row.ordered(request).expect_err(row.kind);
        assert_eq!(error.field(), "colour", "{}", row.kind);
    }
    assert_eq!(
        with("Poll", &[("comments", "x")]).unwrap_err().to_string(),
        "`comments` is not a field of type Poll, which takes: answer_number"
    );
    assert_eq!(
        with("Package", &[("runs", "2")]).unwrap_err().to_string(),
        "`runs` is not a field of type Package, which takes: no others"
    );
}

#[test]
fn order_of_an_unknown_type_is_refused() {
    let kind = ServiceKind::new("Miracle");
    let error = OrderFields::try_new(&kind, LIMITS, row("Default").request());
    assert_eq!(error, Err(InvalidFields::UnknownKind("Miracle".to_owned())));
}

#[test]
fn quantity_of_one_run_lies_within_the_services_limits() {
    let ordered = |quantity| {
        let row = row("Default");
        let request = OrderRequest { quantity: Some(quantity), ..row.request() };
        OrderFields::try_new(&ServiceKind::new(row.kind), (10, 1000), request)
    };
    assert!(ordered(10).is_ok());
    assert!(ordered(1000).is_ok());
    let problem = |units| format!("makes {units} units, the service takes 10 to 1000");
    assert_eq!(value_problem(ordered(9)), ("quantity".to_owned(), problem(9)));
    assert_eq!(value_problem(ordered(1001)), ("quantity".to_owned(), problem(1001)));
    for none in [0, -1] {
        let (field, problem) = value_problem(ordered(none));
        assert_eq!((field.as_str(), problem.as_str()), ("quantity", "must be 1 or more"));
    }
}

#[test]
fn lines_are_held_against_the_limits_and_tidied() {
    let ordered = |limits, comments: &str| {
        let fields = fields(&[("comments", comments)]);
        let request = OrderRequest { link: LINK.to_owned(), quantity: None, fields };
        OrderFields::try_new(&ServiceKind::new("custom_comments"), limits, request)
    };
    let tidied = ordered((1, 10), "  good \r\n\r\n great\n\n").unwrap();
    assert_eq!((tidied.quantity, tidied.sent["comments"].as_str()), (2, "good\ngreat"));
    assert_eq!(value_problem(ordered((3, 10), "good\ngreat")).0, "comments");
    assert_eq!(value_problem(ordered((1, 2), "a\nb\nc")).0, "comments");
    assert_eq!(ordered((1, 2), " \n ").unwrap_err().field(), "comments");
}

#[test]
fn quantity_of_a_type_without_one_may_only_say_the_same() {
    for (kind, same) in [("Custom Comments", 3), ("Package", 1), ("Mentions Custom List", 2)] {
        let with = |quantity| {
            let row = row(kind);
            row.ordered(OrderRequest { quantity: Some(quantity), ..row.request() })
        };
        assert!(with(same).is_ok(), "{kind}");
        assert!(!with(same).unwrap().sent.contains_key("quantity"), "{kind}");
        assert_eq!(value_problem(with(same + 1)).0, "quantity", "{kind}");
    }
}

#[test]
fn dripfeed_multiplies_the_quantity_and_its_runs_lie_within_the_limits() {
    for kind in ["Default", "Web Traffic"] {
        let ordered = with(kind, &[("runs", "50"), ("interval", "30")]).unwrap();
        assert_eq!((ordered.quantity, ordered.per_run), (5000, Some(100)));
        let Request { units_per_run, total_units, package, dripfeed, .. } = ordered.request();
        assert_eq!((units_per_run, total_units, package, dripfeed), (Some(100), 5000, false, true));
    }
    assert!(!with("Default", &[]).unwrap().request().dripfeed);
}

#[test]
fn runs_and_interval_need_each_other() {
    assert_eq!(with("Default", &[("runs", "5")]).unwrap_err().field(), "interval");
    assert_eq!(with("Default", &[("interval", "5")]).unwrap_err().field(), "runs");
}

#[test]
fn web_traffic_names_its_source_by_its_type() {
    let missing = |kind: &str| with("Web Traffic", &[("type_of_traffic", kind)]).unwrap_err();
    assert_eq!(missing("1").field(), "google_keyword");
    assert_eq!(missing("2").field(), "referring_url");
    assert!(with("Web Traffic", &[("type_of_traffic", "1"), ("google_keyword", "x")]).is_ok());
    assert!(
        with("Web Traffic", &[("type_of_traffic", "2"), ("referring_url", "https://a.example")])
            .is_ok()
    );
}

#[test]
fn subscription_works_on_its_user_name_or_else_on_the_link() {
    let ordered = with("Subscriptions", &[]).unwrap();
    assert_eq!(ordered.link.as_str(), "ann");
    let row = row("Subscriptions");
    let mut request = OrderRequest { link: " @bob ".to_owned(), ..row.request() };
    request.fields.remove("username");
    let ordered = row.ordered(request).unwrap();
    assert_eq!((ordered.link.as_str(), ordered.sent["username"].as_str()), ("@bob", "@bob"));
}

#[test]
fn subscription_pays_for_the_most_that_its_posts_can_take() {
    let ordered = with("Subscriptions", &[("posts", "10")]).unwrap();
    assert_eq!((ordered.quantity, ordered.per_run), (800, Some(80)));
    assert_eq!(with("Subscriptions", &[("posts", "0")]).unwrap().quantity, 80);
    assert_eq!(value_problem(with("Subscriptions", &[("max", "1001")])).0, "max");
    assert_eq!(value_problem(with("Subscriptions", &[("min", "81")])).0, "min");
    assert!(with("Subscriptions", &[("old_posts", "3"), ("expiry", "31/12/2027")]).is_ok());
}

#[test_case("Default", &[("runs", "0"), ("interval", "5")], "runs"; "no runs")]
#[test_case("Default", &[("runs", "2.5"), ("interval", "5")], "runs"; "half a run")]
#[test_case("Default", &[("runs", "2"), ("interval", "soon")], "interval"; "interval in words")]
#[test_case("Default", &[("runs", "1000000001"), ("interval", "5")], "runs"; "too many runs")]
#[test_case("Poll", &[("answer_number", "first")], "answer_number"; "answer in words")]
#[test_case("Subscriptions", &[("max", "0")], "max"; "none at most")]
#[test_case("Subscriptions", &[("delay", "-5")], "delay"; "delay below zero")]
#[test_case("Subscriptions", &[("posts", "all")], "posts"; "posts in words")]
#[test_case("Subscriptions", &[("expiry", "2027-12-31")], "expiry"; "date of another form")]
#[test_case("Subscriptions", &[("expiry", "31/02/2027")], "expiry"; "no such day")]
#[test_case("Web Traffic", &[("device", "6")], "device"; "no such device")]
#[test_case("Web Traffic", &[("type_of_traffic", "4")], "type_of_traffic"; "no such traffic")]
#[test_case("Comment Likes", &[("username", "a\u{0}b")], "username"; "control character")]
fn value_that_does_not_do_is_named(kind: &str, changes: &[(&str, &str)], field: &str) {
    assert_eq!(value_problem(with(kind, changes)).0, field);
}

#[test]
fn field_longer_than_any_comment_list_is_refused() {
    let long = "x".repeat(256 * 1024 + 1);
    assert_eq!(value_problem(with("Custom Comments", &[("comments", &long)])).0, "comments");
}

#[test]
fn charge_is_the_price_of_all_units_per_1000_or_of_the_package() {
    let charge = |kind, changes: &[_], price| with(kind, changes).unwrap().charge(price);
    assert_eq!(charge("Default", &[], dec!(0.9)), dec!(0.09));
    assert_eq!(charge("Default", &[("runs", "3"), ("interval", "5")], dec!(0.9)), dec!(0.27));
    assert_eq!(charge("Custom Comments", &[], dec!(10)), dec!(0.03));
    assert_eq!(charge("Package", &[], dec!(2.5)), dec!(2.5));
    assert_eq!(charge("Custom Comments Package", &[], dec!(2.5)), dec!(2.5));
    assert_eq!(charge("Subscriptions", &[("posts", "10")], dec!(1.25)), dec!(1));
}

#[test]
fn charge_beyond_all_measure_does_not_overflow() {
    let ordered = with("Default", &[("runs", "1000000000"), ("interval", "1")]).unwrap();
    assert!(ordered.charge(rust_decimal::Decimal::MAX) > dec!(1_000_000_000));
}
