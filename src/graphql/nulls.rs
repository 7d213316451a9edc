//! Where an answer is null because of an error.
//!
//! async-graphql leaves a failed field out. The specification has null in its place, and where the field is one that is
//! never null, in the place of the nearest thing around it that may be; of several errors below that, one is told.

use std::collections::HashMap;

use async_graphql::{
    Name, PathSegment, Response, ServerError, Value,
    parser::{
        parse_query, parse_schema,
        types::{
            BaseType, ExecutableDocument, Field, OperationType, Selection, SelectionSet, Type,
            TypeKind, TypeSystemDefinition,
        },
    },
};

/// The types of all fields of all objects.
pub(super) struct FieldTypes(HashMap<Name, HashMap<Name, Type>>);

/// A document that was executed, and which of its operations.
pub(super) struct Executed {
    pub(super) text: String,
    pub(super) operation_name: Option<String>,
}

impl FieldTypes {
    /// Reads them out of a schema. A text that is none has no types.
    pub(super) fn of(sdl: &str) -> Self {
        let definitions = parse_schema(sdl).map(|schema| schema.definitions).unwrap_or_default();
        let objects = definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => match definition.node.kind {
                TypeKind::Object(object) => Some((definition.node.name.node, object.fields)),
                _ => None,
            },
            _ => None,
        });
        let types = objects.map(|(name, fields)| {
            let fields = fields.into_iter().map(|field| (field.node.name.node, field.node.ty.node));
            (name, fields.collect())
        });
        Self(types.collect())
    }

    /// Puts null where errors of fields call for it.
    pub(super) fn put_nulls(&self, executed: &Executed, response: &mut Response) {
        if response.errors.iter().all(|error| error.path.is_empty()) {
            return;
        }
        let Ok(document) = parse_query(&executed.text) else { return };
        let Some((root, selected)) = operation(&document, executed.operation_name.as_deref())
        else {
            return;
        };
        let walk = Walk { types: self, document: &document };
        let mut nulls: Vec<(usize, ServerError)> = std::mem::take(&mut response.errors)
            .into_iter()
            .map(|error| (walk.null_of(root, selected, &error.path), error))
            .collect();
        // What is further out first: it takes what is within along.
        nulls.sort_by_key(|(length, _)| *length);
        let mut done: Vec<Vec<PathSegment>> = vec![];
        for (length, error) in nulls {
            let place = error.path[..length].to_vec();
            if done.iter().any(|null| place.starts_with(null)) {
                continue;
            }
            put_null(&mut response.data, &place);
            done.push(place);
            response.errors.push(error);
        }
    }
}

fn operation<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<(&'static str, &'a SelectionSet)> {
    let mut operations = document.operations.iter();
    let (_, operation) =
        operations.find(|(own, _)| name.is_none() || own.map(Name::as_str) == name)?;
    let root = match operation.node.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    Some((root, &operation.node.selection_set.node))
}

struct Walk<'a> {
    types: &'a FieldTypes,
    document: &'a ExecutableDocument,
}

impl<'a> Walk<'a> {
    /// Returns how much of an error's path leads to what has to be null; nothing of it for the whole answer.
    fn null_of(&self, root: &str, selected: &'a SelectionSet, path: &[PathSegment]) -> usize {
        let (mut owner, mut selected) = (Name::new(root), selected);
        let mut here: Option<&Type> = None;
        let mut nearest = 0;
        for (index, segment) in path.iter().enumerate() {
            here = match (segment, here.map(|ty| &ty.base)) {
                (PathSegment::Index(_), Some(BaseType::List(element))) => Some(element),
                (PathSegment::Field(key), _) => {
                    let found = self.find(selected, key).and_then(|field| {
                        let fields = self.types.0.get(&owner)?;
                        Some((field, fields.get(&field.name.node)?))
                    });
                    found.map(|(field, ty)| {
                        selected = &field.selection_set.node;
                        owner = innermost(ty).clone();
                        ty
                    })
                }
                _ => None,
            };
            if here.is_some_and(|ty| ty.nullable) {
                nearest = index + 1;
            }
        }
        nearest
    }

    fn find(&self, selected: &'a SelectionSet, key: &str) -> Option<&'a Field> {
        selected.items.iter().find_map(|selection| match &selection.node {
            Selection::Field(field) => {
                (field.node.response_key().node == key).then_some(&field.node)
            }
            Selection::InlineFragment(inline) => self.find(&inline.node.selection_set.node, key),
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.node.fragment_name.node)?;
                self.find(&fragment.node.selection_set.node, key)
            }
        })
    }
}

fn innermost(ty: &Type) -> &Name {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(element) => innermost(element),
    }
}

fn put_null(data: &mut Value, place: &[PathSegment]) {
    let Some((first, rest)) = place.split_first() else {
        *data = Value::Null;
        return;
    };
    match (first, data) {
        (PathSegment::Index(index), Value::List(elements)) => {
            if let Some(element) = elements.get_mut(*index) {
                put_null(element, rest);
            }
        }
        (PathSegment::Field(key), data) => {
            // An object all of whose fields have failed was made null.
            if *data == Value::Null {
                *data = Value::Object(Default::default());
            }
            if let Value::Object(members) = data {
                put_null(members.entry(Name::new(key)).or_insert(Value::Null), rest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    const SDL: &str = "type Query { a: A must: A! list: [A!]! holes: [A] } type A { b: A must: A! x: Int y: Int! }";

    fn path(text: &str) -> Vec<PathSegment> {
        let segment = |part: &str| match part.parse() {
            Ok(index) => PathSegment::Index(index),
            Err(_) => PathSegment::Field(part.to_owned()),
        };
        text.split('.').map(segment).collect()
    }

    /// What becomes of data with errors at these paths; and how many errors are told.
    fn nulled(query: &str, data: Value, paths: &[&str]) -> (Value, usize) {
        let error = |text: &&str| ServerError { path: path(text), ..ServerError::new("no", None) };
        let mut response = Response::from_errors(paths.iter().map(error).collect());
        response.data = data;
        let executed = Executed { text: query.to_owned(), operation_name: None };
        FieldTypes::of(SDL).put_nulls(&executed, &mut response);
        (response.data, response.errors.len())
    }

    #[test]
    fn failed_field_is_null_where_it_may_be() {
        let (data, errors) = nulled("{ a { x y } }", value!({"a": {"y": 1}}), &["a.x"]);
        assert_eq!((data, errors), (value!({"a": {"x": null, "y": 1}}), 1));
        assert_eq!(
            nulled("{ a { x } }", value!({"a": null}), &["a.x"]).0,
            value!({"a": {"x": null}})
        );
        assert_eq!(nulled("{ a { x } }", value!(null), &["a"]).0, value!({"a": null}));
    }

    #[test]
    fn what_is_never_null_takes_what_is_around_it_along() {
        let data = || value!({"a": {"x": 1}, "must": {"x": 1}});
        assert_eq!(
            nulled("{ a { x y } }", data(), &["a.y"]).0,
            value!({"a": null, "must": {"x": 1}})
        );
        assert_eq!(nulled("{ must { x y } }", data(), &["must.y"]).0, value!(null));
        let listed = value!({"list": [{"x": 1}], "holes": [{"x": 1}, {"x": 2}]});
        assert_eq!(nulled("{ list { y } }", listed.clone(), &["list.0.y"]).0, value!(null));
        let (data, _) = nulled("{ holes { must { y } } }", listed, &["holes.1.must.y"]);
        assert_eq!(data, value!({"list": [{"x": 1}], "holes": [{"x": 1}, null]}));
    }

    #[test]
    fn aliases_and_fragments_lead_to_the_same_fields() {
        let query = "{ ...f } fragment f on Query { z: a { ... on A { w: y } } must { x } }";
        let data = value!({"z": {}, "must": {"x": 1}});
        assert_eq!(nulled(query, data, &["z.w"]).0, value!({"z": null, "must": {"x": 1}}));
    }

    #[test]
    fn of_several_errors_below_one_null_one_is_told() {
        let query = "{ a { y must { y x } } must { x } }";
        let (data, errors) =
            nulled(query, value!({"must": {"x": 1}}), &["a.must.x", "a.y", "a.must.y"]);
        assert_eq!((data, errors), (value!({"a": null, "must": {"x": 1}}), 1));
    }
}
