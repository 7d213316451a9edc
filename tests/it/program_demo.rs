//! `signalbox demo` as people watch it: line by line where there is no terminal, live where there is one.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{api::until, served::signalbox};

/// A folder that also PostgreSQL's account can enter.
fn open_folder() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap()
}

fn demo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = signalbox(folder, &["demo", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(folder.join("demo")).args(arguments);
    command
}

/// A program that is watched through a file; ended with this value.
struct Watched {
    child: Child,
    folder: TempDir,
}

impl Watched {
    fn start(folder: TempDir, mut command: Command) -> Self {
        let seen = fs::File::create(folder.path().join("seen")).unwrap();
        let errors = seen.try_clone().unwrap();
        let child = command.stdout(Stdio::from(seen)).stderr(errors).spawn().unwrap();
        Self { child, folder }
    }

    fn seen(&self) -> String {
        fs::read_to_string(self.folder.path().join("seen")).unwrap()
    }

    /// Waits until these words are seen.
    async fn shows(&mut self, words: &str) {
        until(words, async || {
            let ended = self.child.try_wait().unwrap();
            let seen = self.seen();
            assert!(ended.is_none() || seen.contains(words), "{ended:?}: {seen}");
            seen.contains(words)
        })
        .await;
    }

    /// Waits for its end, which must be a good one; returns what was seen.
    async fn ends_well(mut self) -> String {
        let mut ended = None;
        until("the demo has ended", async || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        let seen = self.seen();
        assert!(ended.is_some_and(|status| status.success()), "{ended:?}: {seen}");
        seen
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Asked rather than killed, so that its PostgreSQL ends, too.
        if let Ok(None) = self.child.try_wait() {
            let _ = kill(Pid::from_raw(self.child.id().try_into().unwrap()), Signal::SIGTERM);
            let _ = self.child.wait();
        }
    }
}

fn interrupt(process: i32) {
    kill(Pid::from_raw(process), Signal::SIGINT).unwrap();
}

/// The line that begins with these words, and those after it.
fn lines_from<'a>(text: &'a str, words: &str) -> Vec<&'a str> {
    text.lines().skip_while(|line| !line.starts_with(words)).collect()
}

/// What a shell makes of a command for `curl`: its arguments.
fn curl_arguments(command: &str) -> Vec<String> {
    let told = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{command}");
    let output = Command::new("sh").args(["-c", &told]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Sends what that `curl` would.
async fn send(arguments: &[String]) -> Value {
    let [url, header_flag, header, json_flag, body] = arguments else { panic!("{arguments:?}") };
    assert_eq!((header_flag.as_str(), json_flag.as_str()), ("-H", "--json"));
    let (name, value) = header.split_once(": ").unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().tls_built_in_root_certs(false).build().unwrap();
    let request = client.post(url).header(name, value).header("content-type", "application/json");
    let answer = request.body(body.clone()).send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_without_a_terminal_is_lines_that_end_with_a_command_to_go_on_with() {
    let folder = open_folder();
    let command = demo(folder.path(), &["--orders", "12"]);
    let mut demo = Watched::start(folder, command);
    demo.shows("Ctrl-C ends it.").await;
    let seen = demo.seen();
    assert!(!seen.contains('\x1b') && !seen.contains('\r'), "{seen}");
    // One of 13 is for the remainder of the first.
    for number in 1..=13 {
        let story = format!("  order {number:>4}, ");
        assert_eq!(seen.lines().filter(|line| line.starts_with(&story)).count(), 1, "{seen}");
    }
    let steps = [
        "  order 2 waits: order 1 on the same link is not over yet",
        "  order 1: Alder delivered ",
        "  order 1 is complete: ",
        "  order 2 goes ahead: its link is free",
    ];
    let places = steps.map(|step| seen.find(step).unwrap_or_else(|| panic!("no {step}: {seen}")));
    assert!(places.is_sorted(), "{seen}");
    let summary = lines_from(&seen, "12 orders, ");
    for (line, name) in summary[2..].iter().zip(["Alder", "Birch", "Cedar"]) {
        assert!(line.trim_start().starts_with(name), "{summary:?}");
        let [.., placed, taken] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert_eq!(placed, taken, "{line}");
    }
    for told in [
        "1 order waited for another on the same link. 1 remainder went to the next panel: 1 completed.",
        "Who is tried first",
        "Alerts, newest first",
        " services for sale: ",
        "Backups that take less ",
    ] {
        assert!(seen.contains(told), "no {told}: {seen}");
    }
    let curl = lines_from(&seen, "  curl http")[..3].join("\n");
    let answer = send(&curl_arguments(&curl)).await;
    let providers = answer["data"]["providers"].as_array().unwrap();
    let names: Vec<&str> = providers.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Alder", "Birch", "Cedar"], "{answer}");
    interrupt(demo.child.id().try_into().unwrap());
    assert!(demo.ends_well().await.ends_with("Stopping …\n"));
}

/// Runs the program in a terminal of 80 columns and 24 rows; the first line that it prints is its process id.
fn in_a_terminal(program: &Command) -> Command {
    let words = [program.get_program()].into_iter().chain(program.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let told = format!("stty cols 80 rows 24 && echo $$ && exec {}", words.join(" "));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &told, "/dev/null"]).stdin(Stdio::null());
    command.env("TERM", "xterm").env("SHELL", "/bin/sh").env_remove("NO_COLOR");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_in_a_terminal_is_a_live_table_that_an_interrupt_leaves_in_order() {
    let folder = open_folder();
    let command = in_a_terminal(&demo(folder.path(), &["--orders", "1000"]));
    let mut demo = Watched::start(folder, command);
    demo.shows("of 1000 orders at rest").await;
    for told in ["order 2 waits: order 1 on", "order 1 is complete: ", "order 2 goes ahead: "] {
        demo.shows(told).await;
    }
    demo.shows("Alder took it").await;
    demo.shows("\x1b[32mhealthy").await;
    let process = demo.seen().lines().next().unwrap().trim().parse().unwrap();
    interrupt(process);
    let seen = demo.ends_well().await;
    for words in [" panel  attempts placed refused doubt", " all    "] {
        assert!(seen.contains(words), "no {words}: {seen}");
    }
    // The bar fills its line, and what follows stands on one of its own.
    let after_the_bar = seen.rsplit("of 1000 orders at rest").next().unwrap();
    let (rest_of_the_bar, last) = after_the_bar.split_once("\r\n").unwrap();
    assert!(!rest_of_the_bar.contains("Stopping"), "{seen}");
    assert_eq!(last, "\r\nStopping …\r\n");
}
