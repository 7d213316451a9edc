//! The scoreboard as lines: a row a panel, and one for all of them.

use console::measure_text_width;

use super::{
    look::{Look, Tone},
    panel_score::{Health, Outcome, PanelScore, Tally},
    scoreboard::Scoreboard,
};

/// From this width on there is room between the columns, and for the last outcomes one by one.
const ROOMY: usize = 100;
/// Headings of the columns of numbers, which are as wide as these.
const NUMBERS: [&str; 6] = ["attempts", "placed", "refused", "doubt", "mean ms", " p95"];
/// Width of the column of names.
const NAMES: usize = 6;
/// Width of the column of the last outcomes.
const TRAIL: usize = 16;

/// Draws the table, no line wider than the terminal.
pub(super) fn lines(board: &Scoreboard, look: &Look) -> Vec<String> {
    let head = Row {
        name: "panel",
        numbers: NUMBERS.map(str::to_owned),
        trail: "lately".to_owned(),
        words: "health".to_owned(),
    };
    let mut lines = vec![look.paint(Tone::Faint, head.line(look))];
    lines.extend(board.panels.iter().map(|panel| Row::of(panel, look).line(look)));
    lines.push(look.paint(Tone::Strong, Row::of_all(board).line(look)));
    lines
}

struct Row {
    name: &'static str,
    numbers: [String; NUMBERS.len()],
    trail: String,
    words: String,
}

impl Row {
    fn of(panel: &PanelScore, look: &Look) -> Self {
        Self {
            name: panel.name,
            numbers: numbers(panel.tally, panel.answer_times()),
            trail: panel.recent().map(|outcome| mark(outcome, look)).collect(),
            words: health(panel, look),
        }
    }

    fn of_all(board: &Scoreboard) -> Self {
        let mut words =
            format!("{}, {}", counted(board.orders, "order"), counted(board.failovers, "failover"));
        if board.failed > 0 {
            words += &format!(", {} failed", board.failed);
        }
        let numbers = numbers(board.tally(), &board.answer_times());
        Self { name: "all", numbers, trail: String::new(), words }
    }

    fn line(&self, look: &Look) -> String {
        let gap = if look.width < ROOMY { " " } else { "  " };
        let mut line = format!(" {:<NAMES$}", self.name);
        for (number, heading) in self.numbers.iter().zip(NUMBERS) {
            line += &format!("{gap}{number:>width$}", width = heading.len());
        }
        if look.width >= ROOMY {
            let filling = TRAIL.saturating_sub(measure_text_width(&self.trail));
            line += &format!("  {}{}", self.trail, " ".repeat(filling));
        }
        look.cut(&format!("{line}  {}", self.words))
    }
}

pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn numbers(tally: Tally, answer_times: &[i64]) -> [String; NUMBERS.len()] {
    let counts = [tally.attempts, tally.placed, tally.refused, tally.in_doubt];
    let [attempts, placed, refused, in_doubt] = counts.map(|count| count.to_string());
    let shown = |time: Option<i64>| time.map_or("-".to_owned(), |time| time.to_string());
    [attempts, placed, refused, in_doubt, shown(mean(answer_times)), shown(p95(answer_times))]
}

fn mean(times: &[i64]) -> Option<i64> {
    let count = i64::try_from(times.len()).ok().filter(|count| *count > 0)?;
    Some((times.iter().sum::<i64>() + count / 2) / count)
}

/// The least time that 95 % of the answers did not exceed; `times` are in order.
fn p95(times: &[i64]) -> Option<i64> {
    let rank = (times.len() * 95).div_ceil(100);
    times.get(rank.checked_sub(1)?).copied()
}

fn mark(outcome: Outcome, look: &Look) -> String {
    match outcome {
        Outcome::Placed => look.paint(Tone::Good, "✓"),
        Outcome::Refused => look.paint(Tone::Bad, "✗"),
        Outcome::InDoubt => look.paint(Tone::Poor, "?"),
    }
}

fn health(panel: &PanelScore, look: &Look) -> String {
    let word = match panel.health() {
        Health::Unknown => look.paint(Tone::Faint, "not asked yet"),
        Health::Healthy => look.paint(Tone::Good, "healthy"),
        Health::Degraded => look.paint(Tone::Poor, "degraded"),
        Health::Failing => look.paint(Tone::Bad, "failing"),
        Health::Suspended => look.paint(Tone::Bad, "suspended"),
        Health::OnTrial => look.paint(Tone::Poor, "on trial"),
    };
    match panel.trouble() {
        Some(trouble) => format!("{word}: {trouble}"),
        None => word,
    }
}
