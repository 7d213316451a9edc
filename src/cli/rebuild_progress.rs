//! How a rebuild shows: a bar on a terminal, a line now and then elsewhere.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{domain::Position, projection::BuildStep};

/// Between two lines where there is no terminal.
const LINE_PAUSE: Duration = Duration::from_secs(2);
/// How often the bar's clock moves while nothing else does.
const TICK: Duration = Duration::from_millis(200);

const BAR: &str = "{prefix:<22} {bar:30} {human_pos:>11} of {human_len} events  {msg}  {elapsed}";

/// What is shown of one rebuild.
pub(super) struct RebuildProgress {
    name: String,
    end: Position,
    began: Instant,
    folded: Position,
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl RebuildProgress {
    /// Begins to show the rebuild of a model, which goes up to a position.
    pub(super) fn start(name: &str, end: Position) -> Self {
        let shown = match io::stderr().is_terminal() {
            true => Shown::Bar(bar(name, end)),
            false => Shown::Lines { last: Instant::now() },
        };
        let (name, folded) = (name.to_owned(), Position::default());
        Self { name, end, began: Instant::now(), folded, shown }
    }

    /// Shows a step.
    pub(super) fn step(&mut self, step: BuildStep) {
        let words = match step {
            BuildStep::Folded(position) => {
                self.folded = position;
                format!("{}/s", grouped(self.rate()))
            }
            BuildStep::Indexing => "making indexes".to_owned(),
            BuildStep::WaitingForReaders(readers) => {
                format!("waiting for {readers} transactions that look at the tables as they were")
            }
            BuildStep::Comparing => "comparing row by row".to_owned(),
        };
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.set_length(self.end.max(self.folded).0.unsigned_abs());
                bar.set_position(self.folded.0.unsigned_abs());
                bar.set_message(words);
            }
            Shown::Lines { last } if last.elapsed() >= LINE_PAUSE => {
                *last = Instant::now();
                let (folded, end) = (grouped(self.folded.0), grouped(self.end.max(self.folded).0));
                println!("{}: {folded} of {end} events, {words}", self.name);
            }
            Shown::Lines { .. } => {}
        }
    }

    /// Ends with a line that says what became of it.
    pub(super) fn done(&mut self, position: Position, outcome: &str) {
        self.folded = position;
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
        println!(
            "{}: {outcome}; {} events in {:.1} s, {}/s",
            self.name,
            grouped(position.0),
            self.began.elapsed().as_secs_f64(),
            grouped(self.rate())
        );
    }

    /// Events per second so far.
    fn rate(&self) -> i64 {
        let milliseconds = self.began.elapsed().as_millis().max(1);
        i64::try_from(u128::from(self.folded.0.unsigned_abs()) * 1000 / milliseconds)
            .unwrap_or(i64::MAX)
    }
}

fn bar(name: &str, end: Position) -> ProgressBar {
    let bar = ProgressBar::new(end.0.unsigned_abs());
    // A template that did not parse would leave the plain style, which shows as much.
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style.progress_chars("█▓░"));
    }
    bar.set_prefix(name.to_owned());
    bar.enable_steady_tick(TICK);
    bar
}

/// Writes a number with its thousands apart.
fn grouped(number: i64) -> String {
    indicatif::HumanCount(number.unsigned_abs()).to_string()
}
