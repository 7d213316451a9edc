//! How lines look on a terminal: how wide they may be, and in which colours.

use std::fmt::Display;

use console::{Style, Term, truncate_str};

/// What a line has to fit into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) width: usize,
    pub(super) colours: Colours,
}

/// Whether words are painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    On,
    Off,
}

/// What a word says of its matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Faint,
    Strong,
    Good,
    Poor,
    Bad,
}

impl Look {
    /// What a terminal offers at this moment. `NO_COLOR` takes the colours away.
    pub(super) fn of(terminal: &Term) -> Self {
        let (_, columns) = terminal.size();
        let colours = if console::colors_enabled() { Colours::On } else { Colours::Off };
        Self { width: usize::from(columns), colours }
    }

    pub(super) fn paint(&self, tone: Tone, words: impl Display) -> String {
        let style = match tone {
            Tone::Faint => Style::new().dim(),
            Tone::Strong => Style::new().bold(),
            Tone::Good => Style::new().green(),
            Tone::Poor => Style::new().yellow(),
            Tone::Bad => Style::new().red(),
        };
        style.force_styling(self.colours == Colours::On).apply_to(words).to_string()
    }

    /// Cuts a line that is too long for the terminal, which would wrap it.
    pub(super) fn cut(&self, line: &str) -> String {
        truncate_str(line, self.width, "…").into_owned()
    }
}
