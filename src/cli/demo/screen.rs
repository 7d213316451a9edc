//! Where the play is shown: live on a terminal, or line by line.

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    look::{Look, Tone},
    scoreboard::Scoreboard,
    story::Story,
    table,
};

/// Columns and rows that the live table needs.
const ROOM: (u16, u16) = (40, 12);
/// Most drawings in a second.
const DRAWINGS: u8 = 20;
/// The table below an empty line, and the bar. What a terminal echoes of Ctrl-C moves all of it down by a line; what
/// stays behind of it is then the empty one.
const LIVE: &str =
    "\n{msg}\n\n {wide_bar:.green/black.bright}  {pos} of {len} orders at rest  {elapsed:>3} ";

/// What the play is shown on.
pub(super) enum Screen {
    /// Stories scroll by above the table and the bar.
    Live(Live),
    /// Each story is a line.
    Lines,
}

/// A table and a bar at the bottom of a terminal.
pub(super) struct Live {
    terminal: Term,
    bar: ProgressBar,
}

impl Screen {
    /// Shows so many orders live, if standard output is a terminal with room enough.
    pub(super) fn open(orders: usize) -> Self {
        let terminal = Term::stdout();
        let roomy = terminal
            .size_checked()
            .is_some_and(|(rows, columns)| columns >= ROOM.0 && rows >= ROOM.1);
        if !roomy || console::is_dumb() {
            return Self::Lines;
        }
        let target = ProgressDrawTarget::term(terminal.clone(), DRAWINGS);
        let bar = ProgressBar::with_draw_target(Some(orders as u64), target);
        // A template that did not parse would leave the plain style, which shows the bar alone.
        if let Ok(style) = ProgressStyle::with_template(LIVE) {
            bar.set_style(style.progress_chars("██░"));
        }
        Self::Live(Live { terminal, bar })
    }

    /// Tells what became of an order.
    pub(super) fn tell(&self, story: &Story) {
        match self {
            Self::Live(live) => live.bar.println(story.fitted(&Look::of(&live.terminal))),
            Self::Lines => println!("{}", story.in_full()),
        }
    }

    /// Tells of something else than an order.
    pub(super) fn note(&self, words: &str) {
        match self {
            Self::Live(live) => {
                let look = Look::of(&live.terminal);
                let line = look.paint(Tone::Strong, format_args!(" {words}"));
                live.bar.println(look.cut(&line));
            }
            Self::Lines => println!("  {words}"),
        }
    }

    /// Shows how things stand.
    pub(super) fn show(&self, board: &Scoreboard) {
        if let Self::Live(live) = self {
            live.bar.set_message(table::lines(board, &Look::of(&live.terminal)).join("\n"));
            live.bar.set_position(board.at_rest() as u64);
        }
    }
}

impl Drop for Live {
    /// Leaves the last state standing, and the cursor on a line of its own.
    fn drop(&mut self) {
        self.bar.abandon();
        println!();
    }
}
