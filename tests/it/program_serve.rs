//! `signalbox serve` and `migrate` as programs: what they refuse, in which words, and that keys stay out of logs.

use std::{fs::Permissions, net::TcpListener, os::unix::fs::PermissionsExt, path::Path};

use serde_json::{Value, json};
use signalbox::postgres::PrivatePostgres;
use tempfile::TempDir;

use crate::support::{
    api::until,
    catalogue::{panel, plain_rows},
    database::TestDatabase,
    served::{Served, said, signalbox},
};

/// 32 bytes in base64, and another 32.
const SECRET: &str = "c2VhbGluZyBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXQ=";
const OTHER_SECRET: &str = "YW5vdGhlciBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXQ=";
const KEY: &str = "kEy-of-the-provider-4711";
const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0"];

/// Runs the program to its end, which must be bad; returns what it said.
fn refused(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = signalbox(data, arguments);
    command.envs(environment.iter().copied());
    let (good, text) = said(&command.output().unwrap());
    assert!(!good, "{arguments:?} {environment:?}: {text}");
    text
}

/// A folder that also PostgreSQL's account can enter.
fn open_folder() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap()
}

#[tokio::test]
async fn database_that_forgets_is_refused() {
    let (database, data) = (TestDatabase::create().await, tempfile::tempdir().unwrap());
    let url = database.url();
    let environment = [("DATABASE_URL", url.as_str()), ("SIGNALBOX_SECRET_KEY", SECRET)];
    for arguments in [SERVE, &["migrate"]] {
        let text = refused(data.path(), arguments, &environment);
        assert!(text.contains("fsync = off"), "{text}");
    }
    // It has not served that database.
    assert!(!data.path().join("external-database").exists());
}

#[tokio::test]
async fn external_database_without_a_secret_key_is_refused_and_not_touched() {
    let (database, data) = (TestDatabase::create().await, tempfile::tempdir().unwrap());
    let url = database.url();
    let text = refused(data.path(), SERVE, &[("DATABASE_URL", &url)]);
    assert!(text.contains("SIGNALBOX_SECRET_KEY is not set"), "{text}");
    assert!(text.contains("openssl rand -base64 32"), "{text}");
    assert_eq!(data.path().read_dir().unwrap().count(), 0);
}

#[test]
fn wrong_settings_are_named_with_what_would_be_right() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().map(|address| (address.to_string(), taken)).unwrap();
    let short = "c2hvcnQtYW5kLXNlY3JldA==";
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    type Case<'a> = (Vec<&'a str>, Vec<(&'a str, &'a str)>, Vec<&'a str>);
    let cases: Vec<Case<'_>> = vec![
        (vec!["serve", "--listen", "here"], vec![], vec!["--listen", "here"]),
        (vec!["serve"], vec![("SIGNALBOX_LISTEN", "8080")], vec!["--listen", "8080"]),
        (vec!["serve", "--listen", &taken.0], vec![], vec!["cannot listen on", &taken.0]),
        (SERVE.to_vec(), vec![("SIGNALBOX_SECRET_KEY", short)], vec!["32 bytes in base64"]),
        (SERVE.to_vec(), vec![("DATABASE_URL", "here")], vec!["DATABASE_URL is not a URL"]),
        (
            SERVE.to_vec(),
            vec![("DATABASE_URL", nowhere), ("SIGNALBOX_SECRET_KEY", SECRET)],
            vec!["the database cannot be used", "refused"],
        ),
        (
            SERVE.to_vec(),
            vec![("SIGNALBOX_FIRST_PROVIDER_NAME", "Peak")],
            vec!["needs all of", "SIGNALBOX_FIRST_PROVIDER_KEY"],
        ),
        (
            SERVE.to_vec(),
            vec![("SIGNALBOX_ALERT_WEBHOOK_URL", "https://ops.example/hook")],
            vec!["needs both", "SIGNALBOX_ALERT_WEBHOOK_SECRET"],
        ),
        (
            SERVE.to_vec(),
            vec![
                ("SIGNALBOX_TELEGRAM_CHAT", "-100"),
                ("SIGNALBOX_TELEGRAM_TOKEN_FILE", "/nowhere"),
            ],
            vec!["SIGNALBOX_TELEGRAM_TOKEN_FILE", "/nowhere cannot be read"],
        ),
        (
            SERVE.to_vec(),
            vec![("SIGNALBOX_ALLOW_PRIVATE_UPSTREAMS", "perhaps")],
            vec!["--allow-private-upstreams", "true, false"],
        ),
        (vec!["serve", "--port", "80"], vec![], vec!["--port"]),
        (vec!["server"], vec![], vec!["server", "serve"]),
        (vec![], vec![], vec!["Usage", "serve", "demo", "simulate", "migrate", "schema"]),
    ];
    for (arguments, environment, words) in cases {
        let text = refused(data.path(), &arguments, &environment);
        for word in words {
            assert!(text.contains(word), "no `{word}` for {arguments:?} {environment:?}: {text}");
        }
        assert!(!text.contains(short) && !text.contains("panicked"), "{text}");
    }
}

#[test]
fn help_of_each_subcommand_explains_it() {
    let data = tempfile::tempdir().unwrap();
    let help = |arguments: &[&str]| {
        let (good, text) = said(&signalbox(data.path(), arguments).output().unwrap());
        assert!(good, "{arguments:?}: {text}");
        text
    };
    let all = help(&["--help"]);
    for name in ["serve", "demo", "simulate", "migrate", "schema"] {
        let text = help(&[name, "--help"]);
        assert!(all.contains(name) && text.contains("Usage: signalbox"), "{text}");
    }
    let serve = help(&["serve", "--help"]);
    for name in [
        "SIGNALBOX_LISTEN",
        "DATABASE_URL",
        "SIGNALBOX_DATA_DIR",
        "SIGNALBOX_SECRET_KEY",
        "SIGNALBOX_ADMIN_TOKEN",
        "SIGNALBOX_FIRST_PROVIDER_NAME",
        "SIGNALBOX_FIRST_PROVIDER_URL",
        "SIGNALBOX_FIRST_PROVIDER_KEY",
        "SIGNALBOX_ALLOW_PRIVATE_UPSTREAMS",
        "SIGNALBOX_ALERT_WEBHOOK_URL",
        "SIGNALBOX_TELEGRAM_TOKEN",
        "SIGNALBOX_BALANCE_INTERVAL_MINUTES",
    ] {
        assert!(serve.contains(name), "no {name} in: {serve}");
    }
    // What the environment holds is not shown.
    let mut command = signalbox(data.path(), &["serve", "--help"]);
    command.env("SIGNALBOX_SECRET_KEY", SECRET).env("SIGNALBOX_ADMIN_TOKEN", "the-token-itself");
    let (_, text) = said(&command.output().unwrap());
    assert!(!text.contains(SECRET) && !text.contains("the-token-itself"), "{text}");
}

#[test]
fn schema_prints_the_file_of_the_repository() {
    let data = tempfile::tempdir().unwrap();
    let (good, text) = said(&signalbox(data.path(), &["schema"]).output().unwrap());
    assert!(good);
    assert_eq!(text, include_str!("../../schema.graphql"));
}

/// Asks a served program over GraphQL.
async fn ask(served: &Served, query: &str, variables: Value) -> Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().tls_built_in_root_certs(false).build().unwrap();
    let body = json!({"query": query, "variables": variables}).to_string();
    let request = client.post(format!("{}/graphql", served.url)).bearer_auth("the-token-itself");
    let request = request.header("content-type", "application/json").body(body);
    let answer = request.send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn external_database_is_migrated_served_and_tied_to_its_key_and_folder() {
    let (folder, data) = (open_folder(), tempfile::tempdir().unwrap());
    let server = PrivatePostgres::start(folder.path()).await.unwrap();
    let url = server.url();
    let external = [("DATABASE_URL", url.as_str())];
    let missing = refused(data.path(), &["migrate", "--check"], &external);
    assert!(missing.contains("0001 journal") && missing.contains("missing"), "{missing}");
    for (arguments, words) in [
        (vec!["migrate"], "applied now"),
        (vec!["migrate"], "already applied"),
        (vec!["migrate", "--check"], "already applied"),
    ] {
        let output = signalbox(data.path(), &arguments).envs(external).output().unwrap();
        let (good, text) = said(&output);
        assert!(good && text.contains(words), "{text}");
    }
    let panel = panel(plain_rows(3)).await;
    let serve = |secret: &str| {
        let mut command = signalbox(data.path(), SERVE);
        command.envs(external).env("SIGNALBOX_SECRET_KEY", secret).env("RUST_LOG", "trace");
        command.env("SIGNALBOX_ADMIN_TOKEN", "the-token-itself");
        command.env("SIGNALBOX_ALLOW_PRIVATE_UPSTREAMS", "true");
        command.env("SIGNALBOX_FIRST_PROVIDER_NAME", "First");
        command.env("SIGNALBOX_FIRST_PROVIDER_URL", panel.url());
        command.env("SIGNALBOX_FIRST_PROVIDER_KEY", KEY);
        command
    };
    let served = Served::start(&mut serve(SECRET));
    let mut providers = Value::Null;
    until("the first provider is in the read models", async || {
        providers = ask(&served, "{ providers { id name apiKeyHint } }", json!({})).await;
        providers["data"]["providers"][0].is_object()
    })
    .await;
    let first = &providers["data"]["providers"][0];
    assert_eq!(
        (&first["name"], &first["apiKeyHint"]),
        (&json!("First"), &json!("4711")),
        "{providers}"
    );
    // The key is not the panel's, so that what comes of it is refused, logged and recorded.
    let test = "mutation($id: ID!) { testProviderConnection(id: $id) { message }
        syncProviderServices(id: $id) { syncLog { errors } } }";
    let tested = ask(&served, test, json!({"id": first["id"]})).await;
    assert!(tested["data"]["syncProviderServices"]["syncLog"]["errors"][0].is_string(), "{tested}");
    let log = served.stop();
    for secret in [KEY, SECRET, "the-token-itself"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    assert!(log.contains("TRACE"), "{log}");

    let text = said(&serve(OTHER_SECRET).env("RUST_LOG", "info").output().unwrap());
    assert!(
        !text.0 && text.1.contains("cannot be opened with this SIGNALBOX_SECRET_KEY"),
        "{text:?}"
    );
    let text = refused(data.path(), SERVE, &[]);
    assert!(text.contains("has served an external database"), "{text}");
    server.stop().await;
}
