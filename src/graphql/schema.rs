use std::{sync::Arc, time::Duration};

use async_graphql::{
    Name, Request, Response, SDLExportOptions, Schema, SchemaBuilder, Value, Variables,
    parser::types::{ExecutableDocument, OperationDefinition, OperationType},
};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::time::timeout;

use super::{
    batching::{Batched, Waiting},
    context::Backend,
    error::{ApiError, with_codes},
    limits::{check_document, check_text},
    mutation::Mutation,
    nulls::{Executed, FieldTypes},
    query::Query,
    related::Related,
    subscription::{Now, Subscription},
};

/// How long a query may take.
const QUERY_LIMIT: Duration = Duration::from_secs(10);
/// How long a mutation is waited for: a catalogue sync reads for two minutes at the most. The change itself goes on.
const MUTATION_LIMIT: Duration = Duration::from_secs(150);

/// The schema on what it needs to answer.
pub(crate) struct Api {
    schema: Schema<Query, Mutation, Subscription>,
    types: Arc<FieldTypes>,
    backend: Backend,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Query,
    Mutation,
    Subscription,
}

/// A request that has been parsed, and is within the limits.
pub(crate) struct Accepted {
    request: Request,
    /// `None` where the request does not say which operation of several; executing it says so.
    kind: Option<Kind>,
}

impl Accepted {
    /// Parses a request and holds it against the limits.
    ///
    /// # Errors
    /// The answer that says why it is not executed.
    pub(crate) fn new(mut request: Request) -> Result<Self, Box<Response>> {
        check_text(&request.query).map_err(refused)?;
        let (name, variables) = (request.operation_name.clone(), request.variables.clone());
        let document = request
            .parsed_query()
            .map_err(|error| Box::new(with_codes(Response::from_errors(vec![error]))))?;
        check_document(document).map_err(refused)?;
        let operation = chosen(document, name.as_deref());
        let kind = operation.map(|operation| match operation.ty {
            OperationType::Query => Kind::Query,
            OperationType::Mutation => Kind::Mutation,
            OperationType::Subscription => Kind::Subscription,
        });
        let missing = operation.and_then(|operation| missing_variable(operation, &variables));
        match missing {
            Some(error) => Err(refused(error)),
            None => Ok(Self { request, kind }),
        }
    }

    fn executed(&self) -> Executed {
        let operation_name = self.request.operation_name.clone();
        Executed { text: self.request.query.clone(), operation_name }
    }

    /// Returns what the operation does, where it is known which one is asked for.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.kind
    }
}

fn refused(error: ApiError) -> Box<Response> {
    Box::new(error.into_response())
}

/// Finds the operation that is asked for, where the request says which.
fn chosen<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<&'a OperationDefinition> {
    let mut operations = document
        .operations
        .iter()
        .filter(|(own, _)| name.is_none() || own.map(Name::as_str) == name);
    let (_, operation) = operations.next()?;
    operations.next().is_none().then_some(&operation.node)
}

/// Looks for a variable that has to be given and is not; async-graphql would find out while it executes.
fn missing_variable(operation: &OperationDefinition, given: &Variables) -> Option<ApiError> {
    let missing = operation.variable_definitions.iter().map(|definition| &definition.node).find(
        |definition| {
            let has_to_be_given = !definition.var_type.node.nullable;
            let given = given.get(&definition.name.node).or(definition.default_value());
            has_to_be_given && given.is_none_or(|value| *value == Value::Null)
        },
    )?;
    let (name, ty) = (&missing.name.node, &missing.var_type.node);
    Some(ApiError::invalid(name, format!("the variable `${name}` of type {ty} is not given")))
}

impl Api {
    pub(crate) fn new(backend: Backend) -> Self {
        let schema = builder().data(backend.clone()).finish();
        Self { types: Arc::new(FieldTypes::of(&schema.sdl())), schema, backend }
    }

    /// Answers a query or a mutation; each error has a code.
    pub(crate) async fn execute(&self, accepted: Accepted) -> Response {
        let limit = match accepted.kind {
            Some(Kind::Subscription) => return not_at_once().into_response(),
            Some(Kind::Mutation) => MUTATION_LIMIT,
            Some(Kind::Query) | None => QUERY_LIMIT,
        };
        let waiting = Waiting::default();
        let executed = accepted.executed();
        let request = accepted.request.data(self.related(&waiting));
        let answer = Batched::new(self.schema.execute(request), waiting);
        match timeout(limit, answer).await {
            Ok(response) => self.types.completed(&executed, response),
            Err(_) => too_slow(accepted.kind, limit).into_response(),
        }
    }

    /// Answers anything, a subscription with one answer after the other. What a subscription follows from now on, it
    /// follows from the moment at which this returns.
    pub(crate) async fn stream(&self, accepted: Accepted) -> BoxStream<'static, Response> {
        if accepted.kind != Some(Kind::Subscription) {
            let answer = self.execute(accepted).await;
            return stream::once(async { answer }).boxed();
        }
        let now = match self.backend.feed.end().await {
            Ok(now) => Now(now),
            Err(error) => {
                let answer = ApiError::from(error).into_response();
                return stream::once(async { answer }).boxed();
            }
        };
        let waiting = Waiting::default();
        let related = self.related(&waiting);
        let (types, executed) = (Arc::clone(&self.types), accepted.executed());
        let request = accepted.request.data(Arc::clone(&related)).data(now);
        let answers = self.schema.execute_stream(request);
        let answers = stream::unfold((answers, related), move |(mut answers, related)| {
            let waiting = waiting.clone();
            async move {
                related.reset();
                let answer = Batched::new(answers.next(), waiting).await?;
                Some((answer, (answers, related)))
            }
        });
        answers.map(move |answer| types.completed(&executed, answer)).boxed()
    }

    fn related(&self, waiting: &Waiting) -> Arc<Related> {
        Arc::new(Related::new(self.backend.reads.clone(), waiting.clone()))
    }
}

impl FieldTypes {
    fn completed(&self, executed: &Executed, mut response: Response) -> Response {
        self.put_nulls(executed, &mut response);
        with_codes(response)
    }
}

fn not_at_once() -> ApiError {
    let problem = "a subscription goes over WebSocket at /graphql/ws, or as server-sent events at /graphql/stream";
    ApiError::invalid("query", problem)
}

fn too_slow(kind: Option<Kind>, limit: Duration) -> ApiError {
    let seconds = limit.as_secs();
    ApiError::timed_out(&match kind {
        Some(Kind::Mutation) => {
            format!("no result within {seconds} s: the change goes on, look for it")
        }
        _ => format!("no answer within {seconds} s: ask for less"),
    })
}

/// Returns the schema in the schema definition language: the same text in every run, ending in a line break.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().prefer_single_line_descriptions().use_space_ident();
    let text = builder().finish().sdl_with_options(options);
    format!("{}\n", text.trim_end())
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
}
