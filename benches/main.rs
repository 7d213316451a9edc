//! Measures how fast Signalbox is, beside peers in the same run, and prints tables: `make bench`, or
//! `cargo bench -- [FIGURE]… [--full]`. docs/SPEED.md says what is measured and how.

mod figures;
mod support;

use std::time::Instant;

use anyhow::{Result, bail};

use figures::{commands, decision, doubts, growth, orders, page, rebuild, sync};
use support::{
    cluster::Cluster,
    table::{self, Line},
};

// As in the program itself; the peers have it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NAMES: [&str; 8] =
    ["commands", "decision", "rebuild", "page", "orders", "doubts", "sync", "growth"];
/// Lengths of journals that figures are compared at; the last only with `--full`.
const SIZES: [i64; 3] = [10_000, 1_000_000, 5_000_000];

/// What is to be measured.
struct Choice {
    names: Vec<String>,
    full: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let choice = Choice::of_arguments()?;
    let cluster = Cluster::start().await?;
    println!("PostgreSQL {}, fsync on, {} processors", cluster.version().await?, processors());
    let [p50, p99] = cluster.commits().await?;
    println!("a commit alone takes {p50:.1?}, p99 {p99:.1?}\n");
    let measured = choice.measure(&cluster).await;
    cluster.discard().await?;
    measured
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(0, Into::into)
}

impl Choice {
    fn of_arguments() -> Result<Self> {
        let (flags, mut names): (Vec<String>, Vec<String>) =
            std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
        // Cargo adds `--bench`.
        if let Some(flag) =
            flags.iter().find(|flag| !["--bench", "--full"].contains(&flag.as_str()))
        {
            bail!("there is no {flag}: give figures of {} and, or, --full", NAMES.join(", "));
        }
        if let Some(name) = names.iter().find(|name| !NAMES.contains(&name.as_str())) {
            bail!("there is no figure {name}: there are {}", NAMES.join(", "));
        }
        if names.is_empty() {
            names = NAMES.map(str::to_owned).to_vec();
        }
        Ok(Self { names, full: flags.iter().any(|flag| flag == "--full") })
    }

    async fn measure(&self, cluster: &Cluster) -> Result<()> {
        let mut lines = vec![];
        for name in NAMES.iter().filter(|name| self.names.iter().any(|chosen| chosen == *name)) {
            let begun = Instant::now();
            eprintln!("{name} …");
            match *name {
                "growth" => {
                    tell(&mut lines);
                    let sizes = if self.full { &SIZES[..] } else { &SIZES[..2] };
                    growth::print(cluster, sizes).await?;
                }
                name => match figure(name, cluster).await {
                    Ok(measured) => lines.extend(measured),
                    Err(error) => {
                        // What was measured before is not lost.
                        tell(&mut lines);
                        return Err(error);
                    }
                },
            }
            eprintln!("{name}: {:.0} s", begun.elapsed().as_secs_f64());
        }
        tell(&mut lines);
        Ok(())
    }
}

/// Prints what was measured so far.
fn tell(lines: &mut Vec<Line>) {
    if !lines.is_empty() {
        table::print(&std::mem::take(lines));
    }
}

async fn figure(name: &str, cluster: &Cluster) -> Result<Vec<Line>> {
    match name {
        "commands" => commands::measure(cluster).await,
        "decision" => decision::measure(cluster).await,
        "rebuild" => rebuild::measure(cluster).await,
        "page" => page::measure(cluster).await,
        "orders" => orders::measure(cluster).await,
        "doubts" => doubts::measure(cluster).await,
        _ => sync::measure(cluster).await,
    }
}
