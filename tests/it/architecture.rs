//! The rules of the house that a compiler does not know. Each failure names the file and the repair.

use std::fs;

use crate::architecture_source::{Source, files, package};

/// Longest file, in lines.
const MAX_LINES: usize = 500;

/// Which modules each may name, besides itself: the data flows one way. Those that are not named here, `app` and `cli`, put
/// the others together and may name all.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("alert_channel", &[]),
    ("credentials", &["domain"]),
    ("journal", &["domain", "metrics", "request_id", "vital"]),
    ("metrics", &[]),
    ("migration", &[]),
    ("outage", &[]),
    ("pace", &[]),
    ("postgres", &[]),
    ("projection", &["domain"]),
    ("provider_api", &["domain", "metrics", "pace"]),
    ("read", &["domain", "outage"]),
    ("request_id", &[]),
    ("simulator", &[]),
    ("vital", &[]),
    (
        "command",
        &[
            "credentials",
            "domain",
            "journal",
            "outage",
            "pace",
            "projection",
            "read",
            "request_id",
            "vital",
        ],
    ),
    (
        "process",
        &[
            "alert_channel",
            "command",
            "credentials",
            "domain",
            "journal",
            "metrics",
            "projection",
            "provider_api",
            "read",
            "request_id",
            "vital",
        ],
    ),
    ("graphql", &["command", "domain", "metrics", "process", "projection", "read", "request_id"]),
    (
        "http",
        &[
            "command",
            "domain",
            "graphql",
            "metrics",
            "migration",
            "process",
            "projection",
            "read",
            "request_id",
        ],
    ),
];

const COMPOSE: &[&str] = &["app", "cli", "lib", "main"];

/// What only these modules may name, because they hide it from the rest.
const ONLY: &[(&[&str], &[&str])] = &[
    (&["cqrs_es"], &["command", "journal"]),
    (&["postgres_es"], &["command", "journal"]),
    (&["reqwest"], &["alert_channel", "provider_api"]),
    (&["async_graphql"], &["graphql", "http"]),
    (&["AppendRequest"], &["journal", "command", "process"]),
    (&["anyhow"], &["cli", "main"]),
    (&["metrics_exporter_prometheus"], &["metrics"]),
    (&["counter", "!"], &["metrics"]),
    (&["gauge", "!"], &["metrics"]),
    (&["histogram", "!"], &["metrics"]),
    (&["opentelemetry"], &["cli"]),
    (&["clap"], &["app", "cli", "main"]),
];

/// What makes a decision depend on more than its arguments.
const IMPURE: &[&[&str]] = &[
    &["async"],
    &["await"],
    &["axum"],
    &["fastrand"],
    &["getrandom"],
    &["Instant"],
    &["Local"],
    &["Mutex"],
    &["new_v4"],
    &["now_v7"],
    &["rand"],
    &["reqwest"],
    &["sqlx"],
    &["std", "::", "env"],
    &["std", "::", "fs"],
    &["std", "::", "thread"],
    &["SystemTime"],
    &["tokio"],
    &["tracing"],
    &["Utc", "::", "now"],
];

/// What ends the task, and with it orders in flight.
const PANICS: &[&[&str]] = &[
    &[".", "unwrap", "("],
    &[".", "unwrap_err", "("],
    &["panic", "!"],
    &["unreachable", "!"],
    &["todo", "!"],
    &["unimplemented", "!"],
];

fn hold(broken: Vec<String>, repair: &str) {
    assert!(broken.is_empty(), "{repair}:\n  {}", broken.join("\n  "));
}

#[test]
fn domain_is_pure() {
    let sources = Source::all();
    let domain = sources.iter().filter(|source| source.module() == "domain");
    let broken = domain.flat_map(|source| {
        let named = IMPURE.iter().filter(|tokens| source.has(tokens));
        named.map(|tokens| format!("{}: {}", source.path, tokens.concat()))
    });
    hold(broken.collect(), "let time, randomness and answers come in with the command");
}

#[test]
fn modules_name_only_what_lies_downstream_of_them() {
    let sources = Source::all();
    let broken = sources.iter().flat_map(|source| {
        let may = MAY_NAME.iter().find(|(module, _)| *module == source.module());
        let may = may.map(|(_, may)| *may);
        let modules = MAY_NAME.iter().map(|(module, _)| *module).chain(COMPOSE.iter().copied());
        let modules: Vec<&str> = modules.collect();
        let named = source.crate_modules().into_iter().filter(move |named| {
            let known = *named != source.module() && modules.contains(named);
            known && may.is_some_and(|may| !may.contains(named))
        });
        named.map(|named| format!("{} names crate::{named}", source.path))
    });
    let repair = "move what is needed to where both may look, or hand it in from `app`; \
                  the direction of the data is in src/lib.rs";
    hold(broken.collect(), repair);
}

#[test]
fn every_module_has_its_place_in_the_direction_of_the_data() {
    let placed = |module: &str| {
        COMPOSE.contains(&module) || MAY_NAME.iter().any(|(known, _)| *known == module)
    };
    let sources = Source::all();
    let broken = sources.iter().filter(|source| !placed(source.module()));
    hold(broken.map(|source| source.path.clone()).collect(), "name the new module in MAY_NAME");
}

#[test]
fn libraries_that_one_module_hides_are_named_nowhere_else() {
    let sources = Source::all();
    let broken = sources.iter().flat_map(|source| {
        let named = ONLY
            .iter()
            .filter(|(tokens, modules)| source.has(tokens) && !modules.contains(&source.module()));
        named.map(|(tokens, modules)| {
            format!("{} names {}, which is for {modules:?}", source.path, tokens.concat())
        })
    });
    hold(broken.collect(), "use what the module that hides it offers");
}

#[test]
fn only_the_journal_appends_to_the_events_table() {
    let sources = Source::all();
    let writes = |text: &str| text.contains("append_events(") || text.contains("into events");
    let broken = sources.iter().filter(|source| source.module() != "journal");
    let broken = broken.filter(|source| source.texts().any(writes));
    hold(broken.map(|source| source.path.clone()).collect(), "append through `Journal::append`");
}

#[test]
fn read_side_only_reads() {
    let sources = Source::all();
    let writes = |text: &str| {
        let text = text.to_lowercase();
        ["insert into ", "delete from ", "truncate "].iter().any(|word| text.contains(word))
            || (text.contains("update ") && text.contains(" set "))
    };
    let broken = sources.iter().filter(|s| ["read", "graphql", "http"].contains(&s.module()));
    let broken = broken.filter(|source| source.texts().any(writes));
    let repair = "change state by a command, and tables by a fold in projections/";
    hold(broken.map(|source| source.path.clone()).collect(), repair);
}

#[test]
fn program_does_not_panic_on_purpose() {
    let sources = Source::all();
    let broken = sources.iter().flat_map(|source| {
        let named = PANICS.iter().filter(|tokens| source.has(tokens));
        named.map(|tokens| format!("{}: {}", source.path, tokens.concat()))
    });
    hold(broken.collect(), "return an error that says what to do");
}

#[test]
fn expectation_says_why_it_always_holds() {
    let sources = Source::all();
    let says_why = |message: &str| message.starts_with('"') && message.split(' ').count() >= 4;
    let broken = sources.iter().flat_map(|source| {
        let unsaid = source.expectations().filter(|message| !says_why(message));
        unsaid.map(|message| format!("{}: .expect({message})", source.path))
    });
    hold(broken.collect(), "give the invariant in words, or return an error");
}

#[test]
fn mod_files_declare_and_do_nothing() {
    let sources = Source::all();
    let is_mod = |source: &&Source| source.path.ends_with("/mod.rs");
    let broken = sources.iter().filter(is_mod).filter(|s| s.has(&["fn"]) || s.has(&["impl"]));
    hold(broken.map(|source| source.path.clone()).collect(), "move the code to a file of its own");
}

#[test]
fn files_are_short_enough_to_read() {
    let sources = [("src", "rs"), ("tests", "rs"), ("projections", "sql"), ("migrations", "sql")];
    let files = sources.into_iter().flat_map(|(folder, ending)| files(folder, ending));
    let broken = files.filter_map(|path| {
        let lines = fs::read_to_string(package().join(&path)).unwrap().lines().count();
        (lines > MAX_LINES).then(|| format!("{}: {lines} lines", path.display()))
    });
    hold(broken.collect(), "split the file by what its parts are for");
}
