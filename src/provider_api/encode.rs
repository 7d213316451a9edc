//! What calls say: `action` and what the action needs, by the panel API's names.

use std::collections::BTreeMap;

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

/// What a call says, whatever the panel's dialect; the key is no part of it.
#[derive(Debug)]
pub(super) struct Form {
    /// What is asked for, in the panel API's word.
    pub(super) action: &'static str,
    /// All parameters, the action included.
    pub(super) fields: Vec<(String, String)>,
}

pub(super) fn add(order: &NewOrder) -> Form {
    let fields = order.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let fields = fields.filter(|(name, _)| !OUR_OWN.contains(name));
    form("add", [("service", order.service.as_str())].into_iter().chain(fields))
}

pub(super) fn balance() -> Form {
    form("balance", [])
}

pub(super) fn services() -> Form {
    form("services", [])
}

pub(super) fn orders() -> Form {
    form("orders", [])
}

/// A call about things that `name` stands for: one, or a list in one parameter.
pub(super) fn about(action: &'static str, name: &str, ids: &[String]) -> Form {
    form(action, [(name, ids.join(",").as_str())])
}

fn form<'a>(action: &'static str, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Form {
    let fields = [("action", action)].into_iter().chain(fields);
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Form { action, fields: fields.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(fields: &[(&str, &str)]) -> NewOrder {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        NewOrder { service: "12".to_owned(), fields: fields.collect() }
    }

    fn said(form: &Form) -> String {
        let fields = form.fields.iter().map(|(name, value)| format!("{name}={value}"));
        fields.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn add_says_service_and_fields() {
        let order = order(&[("link", "https://a.example/?b=c"), ("quantity", "100")]);
        let said = said(&add(&order));
        assert_eq!(said, "action=add service=12 link=https://a.example/?b=c quantity=100");
    }

    #[test]
    fn field_cannot_replace_the_key_the_action_or_the_service() {
        let order = order(&[("action", "balance"), ("key", "x"), ("link", "l"), ("service", "1")]);
        assert_eq!(said(&add(&order)), "action=add service=12 link=l");
    }

    #[test]
    fn orders_asked_about_stand_in_one_parameter() {
        let ids = ["1".to_owned(), "65f2a1b3".to_owned()];
        assert_eq!(said(&about("status", "orders", &ids)), "action=status orders=1,65f2a1b3");
    }

    #[test]
    fn reading_calls_say_only_the_action() {
        assert_eq!(said(&balance()), "action=balance");
        assert_eq!(said(&services()), "action=services");
        assert_eq!(said(&orders()), "action=orders");
    }
}
