//! The stock form: `POST application/x-www-form-urlencoded` with `key`, `action` and what the action needs.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

/// An order as it is sent to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// What the provider calls the service.
    pub service: String,
    /// `link`, `quantity` and whatever else the service's type asks for, by the panel API's names.
    pub fields: BTreeMap<String, String>,
}

/// Of a parameter given twice panels take the last, so none of these may come again among an order's fields.
const OUR_OWN: [&str; 3] = ["key", "action", "service"];

/// What is posted.
pub(super) struct Form {
    /// What is asked for, in the panel API's word.
    pub(super) action: &'static str,
    /// Everything, the key included.
    pub(super) body: String,
}

pub(super) fn add(key: &SecretString, order: &NewOrder) -> Form {
    let fields = order.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let fields = fields.filter(|(name, _)| !OUR_OWN.contains(name));
    form(key, "add", [("service", order.service.as_str())].into_iter().chain(fields))
}

pub(super) fn balance(key: &SecretString) -> Form {
    form(key, "balance", [])
}

pub(super) fn services(key: &SecretString) -> Form {
    form(key, "services", [])
}

pub(super) fn orders(key: &SecretString) -> Form {
    form(key, "orders", [])
}

/// A call about things that `name` stands for: one, or a list in one parameter.
pub(super) fn about(key: &SecretString, action: &'static str, name: &str, ids: &[String]) -> Form {
    form(key, action, [(name, ids.join(",").as_str())])
}

fn form<'a>(
    key: &SecretString,
    action: &'static str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Form {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("key", key.expose_secret())
        .append_pair("action", action)
        .extend_pairs(fields)
        .finish();
    Form { action, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(fields: &[(&str, &str)]) -> NewOrder {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        NewOrder { service: "12".to_owned(), fields: fields.collect() }
    }

    #[test]
    fn add_is_sent_in_the_stock_form() {
        let order = order(&[
            ("link", "https://a.example/?b=c&d=é"),
            ("quantity", "100"),
            ("comments", "one\ntwo + three"),
        ]);
        assert_eq!(
            add(&"k&y".into(), &order).body,
            "key=k%26y&action=add&service=12&comments=one%0Atwo+%2B+three\
             &link=https%3A%2F%2Fa.example%2F%3Fb%3Dc%26d%3D%C3%A9&quantity=100"
        );
    }

    #[test]
    fn field_cannot_replace_the_key_the_action_or_the_service() {
        let order = order(&[("action", "balance"), ("key", "x"), ("link", "l"), ("service", "1")]);
        assert_eq!(add(&"k".into(), &order).body, "key=k&action=add&service=12&link=l");
    }

    #[test]
    fn orders_asked_about_stand_in_one_parameter() {
        let ids = ["1".to_owned(), "65f2a1b3".to_owned()];
        assert_eq!(
            about(&"k".into(), "status", "orders", &ids).body,
            "key=k&action=status&orders=1%2C65f2a1b3"
        );
    }

    #[test]
    fn reading_calls_carry_only_key_and_action() {
        assert_eq!(balance(&"k".into()).body, "key=k&action=balance");
        assert_eq!(services(&"k".into()).body, "key=k&action=services");
        assert_eq!(orders(&"k".into()).body, "key=k&action=orders");
    }
}
