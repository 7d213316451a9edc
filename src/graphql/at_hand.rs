//! Objects most of whose fields are at hand.
//!
//! async-graphql gives each field of each object a future of its own: for a page of fifty orders that takes twice as long
//! as reading and writing it. Here a field that needs nothing but its row is resolved where it stands, and only what
//! waits for reads gets a future, so that it waits together with its like.

use std::borrow::Cow;

use async_graphql::{
    ContainerType, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::{Field, Selection},
    registry::Registry,
    resolver_utils::resolve_container,
};
use futures_util::future::{FutureExt, join_all};

/// An object made of a row.
pub(super) trait OfRow: ContainerType {
    /// Tells whether a field has to read more than what is there. One of which that is not told is begun twice.
    fn reads(&self, field: &str) -> bool;
}

/// The same object, resolved in this way.
#[derive(Debug, Clone)]
pub(super) struct AtHand<T>(pub(super) T);

impl<T: OfRow> OutputType for AtHand<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        _field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let mut selected = Selected::with_room(ctx.item.node.items.len());
        match selected.add::<T>(ctx) {
            Plain::Yes => Ok(selected.resolve(ctx, &self.0).await),
            Plain::No => resolve_container(ctx, &self.0).await,
        }
    }
}

/// Whether a selection is one field after the other, each under a name of its own.
#[derive(PartialEq, Eq)]
enum Plain {
    Yes,
    No,
}

/// The fields that are asked for, in the order of the answer.
struct Selected<'a> {
    fields: Vec<&'a Positioned<Field>>,
    /// Null until it is resolved; of a field that fails it stays null.
    members: IndexMap<Name, Value>,
}

impl<'a> Selected<'a> {
    fn with_room(fields: usize) -> Self {
        Self { fields: Vec::with_capacity(fields), members: IndexMap::with_capacity(fields) }
    }

    fn add<T: OfRow>(&mut self, ctx: &ContextSelectionSet<'a>) -> Plain {
        for selection in &ctx.item.node.items {
            let (condition, set) = match &selection.node {
                Selection::Field(field) => {
                    self.fields.push(field);
                    let key = field.node.response_key().node.clone();
                    match self.members.insert(key, Value::Null) {
                        None => continue,
                        Some(_) => return Plain::No,
                    }
                }
                Selection::InlineFragment(inline) => {
                    (inline.node.type_condition.as_ref(), &inline.node.selection_set)
                }
                Selection::FragmentSpread(spread) => {
                    let fragments = &ctx.query_env.fragments;
                    let Some(fragment) = fragments.get(&spread.node.fragment_name.node) else {
                        return Plain::No;
                    };
                    (Some(&fragment.node.type_condition), &fragment.node.selection_set)
                }
            };
            let fits = condition.is_none_or(|on| on.node.on.node.as_str() == T::type_name());
            if !fits || self.add::<T>(&ctx.with_selection_set(set)) == Plain::No {
                return Plain::No;
            }
        }
        Plain::Yes
    }

    async fn resolve<T: OfRow>(mut self, ctx: &ContextSelectionSet<'a>, row: &T) -> Value {
        let mut reading = vec![];
        for (index, field) in std::mem::take(&mut self.fields).into_iter().enumerate() {
            match field.node.name.node.as_str() {
                "__typename" => self.members[index] = Value::from(T::type_name()),
                name => {
                    let at_once = !row.reads(name);
                    let field_ctx = ctx.with_field(field);
                    match at_once.then(|| row.resolve_field(&field_ctx).now_or_never()).flatten() {
                        Some(resolved) => self.put(ctx, index, resolved),
                        None => reading.push(
                            async move { (index, row.resolve_field(&ctx.with_field(field)).await) }
                                .boxed(),
                        ),
                    }
                }
            }
        }
        for (index, resolved) in join_all(reading).await {
            self.put(ctx, index, resolved);
        }
        Value::Object(self.members)
    }

    fn put(
        &mut self,
        ctx: &ContextSelectionSet<'a>,
        index: usize,
        resolved: ServerResult<Option<Value>>,
    ) {
        match resolved {
            Ok(value) => self.members[index] = value.unwrap_or_default(),
            Err(error) => ctx.add_error(error),
        }
    }
}
