//! Tables on standard output, in Markdown.

/// What is measured, what came out, and what was wanted.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) figure: String,
    pub(crate) ours: String,
    pub(crate) peer: String,
    pub(crate) ratio: String,
    pub(crate) wanted: &'static str,
}

impl Line {
    /// A figure without a peer.
    pub(crate) fn alone(figure: impl Into<String>, ours: String, wanted: &'static str) -> Self {
        let (peer, ratio) = (String::new(), String::new());
        Self { figure: figure.into(), ours, peer, ratio, wanted }
    }
}

/// Prints figures as a table.
pub(crate) fn print(lines: &[Line]) {
    let header = ["figure", "Signalbox", "peer", "ratio", "wanted"].map(str::to_owned).to_vec();
    let rows = lines.iter().map(|line| {
        let Line { figure, ours, peer, ratio, wanted } = line;
        vec![figure.clone(), ours.clone(), peer.clone(), ratio.clone(), (*wanted).to_owned()]
    });
    print_rows(std::iter::once(header).chain(rows).collect());
}

/// Prints rows as a table; the first is its header.
pub(crate) fn print_rows(rows: Vec<Vec<String>>) {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (row, number) in rows.iter().zip(0..) {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("| {} |", cells.join(" | "));
        if number == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            println!("| {} |", rules.join(" | "));
        }
    }
    println!();
}

/// A rate with separators between thousands.
pub(crate) fn a_second(rate: f64) -> String {
    format!("{}/s", thousands(rate))
}

/// A whole number with separators between thousands.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (digit, rest) in digits.chars().zip((0..digits.len()).rev()) {
        text.push(digit);
        if rest > 0 && rest % 3 == 0 {
            text.push(',');
        }
    }
    text
}

/// Milliseconds, to a tenth where they are few.
pub(crate) fn in_ms(milliseconds: f64) -> String {
    if milliseconds < 100.0 {
        format!("{milliseconds:.1} ms")
    } else {
        format!("{milliseconds:.0} ms")
    }
}

/// How many times.
pub(crate) fn times(ratio: f64) -> String {
    format!("{ratio:.1}×")
}

/// A part of the whole.
pub(crate) fn percent(ratio: f64) -> String {
    format!("{:.0} %", ratio * 100.0)
}
