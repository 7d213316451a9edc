//! The schema is what the repository says it is, and keeps what clients rely on.

use std::collections::BTreeSet;

use async_graphql::parser::{
    parse_schema,
    types::{FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition},
};
use signalbox::graphql::sdl;

/// Names and types that clients rely on. New ones may come; none of these may change or go.
const CONTRACT: &str = include_str!("graphql_contract.graphql");

#[test]
fn schema_file_is_what_the_program_serves() {
    let file = include_str!("../../schema.graphql");
    assert_eq!(file, sdl(), "write it anew: signalbox schema > schema.graphql");
}

#[test]
fn everything_that_clients_rely_on_is_there_unchanged() {
    let (promised, served) = (Facts::of(CONTRACT), Facts::of(&sdl()));
    let missing: Vec<&String> = promised.all.difference(&served.all).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn nothing_is_required_that_clients_do_not_send() {
    let (promised, served) = (Facts::of(CONTRACT), Facts::of(&sdl()));
    let names = |facts: &Facts| -> BTreeSet<String> {
        facts.all.iter().filter_map(|fact| Some(fact.split_once(':')?.0.to_owned())).collect()
    };
    let known = names(&promised);
    let new: Vec<&String> = served
        .required_inputs
        .iter()
        .filter(|(owner, name)| known.contains(owner) && !known.contains(name))
        .map(|(_, name)| name)
        .collect();
    assert_eq!(new, [""; 0]);
}

/// A schema as one line for each thing that a client can rely on.
#[derive(Default)]
struct Facts {
    all: BTreeSet<String>,
    /// Inputs that must be given, each with what it belongs to.
    required_inputs: BTreeSet<(String, String)>,
}

impl Facts {
    fn of(text: &str) -> Self {
        let mut facts = Self::default();
        for definition in parse_schema(text).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.as_str();
            match definition.node.kind {
                TypeKind::Scalar => facts.add(format!("scalar {name}")),
                TypeKind::Object(object) => {
                    facts.add(format!("type {name}: object"));
                    object.fields.iter().for_each(|field| facts.add_field(name, &field.node));
                }
                TypeKind::Enum(definition) => {
                    for value in definition.values {
                        facts.add(format!("enum {name}.{}", value.node.value.node));
                    }
                }
                TypeKind::InputObject(input) => {
                    facts.add(format!("input {name}: input"));
                    let owner = format!("input {name}");
                    input.fields.iter().for_each(|field| facts.add_input(&owner, &field.node));
                }
                TypeKind::Interface(_) | TypeKind::Union(_) => {
                    panic!("{name} is of a kind that the contract does not have")
                }
            }
        }
        facts
    }

    fn add(&mut self, fact: String) {
        self.all.insert(fact);
    }

    fn add_field(&mut self, owner: &str, field: &FieldDefinition) {
        let name = format!("{owner}.{}", field.name.node);
        self.add(format!("{name}: {}", field.ty.node));
        field.arguments.iter().for_each(|argument| self.add_input(&name, &argument.node));
    }

    fn add_input(&mut self, owner: &str, input: &InputValueDefinition) {
        let name = format!("{owner}({})", input.name.node);
        let default = input.default_value.as_ref().map(|value| format!(" = {}", value.node));
        self.add(format!("{name}: {}{}", input.ty.node, default.clone().unwrap_or_default()));
        if !input.ty.node.nullable && default.is_none() {
            self.required_inputs.insert((owner.to_owned(), name));
        }
    }
}
