//! What came of the demo's orders.

use std::{collections::BTreeMap, net::SocketAddr};

use secrecy::{ExposeSecret, SecretString};

use super::{
    cast::Player,
    scoreboard::{Remainders, Scoreboard},
    table::counted,
};
use crate::{
    domain::routing::CoverageProblem,
    read::{AdviceRow, AlertRow, Coverage, ProviderRanking},
};

/// What to ask first.
const QUERY: &str = "{ providers { name health successRate p95ResponseMs } }";

/// Prints the counts, and holds them against what the panels say.
pub(super) fn print_score(board: &Scoreboard, players: &[Player]) {
    let tally = board.tally();
    println!();
    println!(
        "{} orders, {} attempts, {} failovers, {} failed; panels set aside: {}",
        board.orders,
        tally.attempts,
        board.failovers,
        board.failed,
        board.suspensions()
    );
    println!("  panel   placed by us   taken by the panel");
    for (panel, player) in board.panels.iter().zip(players) {
        let (placed, taken) = (panel.tally.placed, player.holds());
        println!("  {:<7} {placed:>12}   {taken:>18}", panel.name);
    }
    if board.waited + board.remainders.ordered > 0 {
        let Remainders { ordered, completed } = board.remainders;
        println!(
            "{} waited for another on the same link. {} went to the next panel: {completed} completed.",
            counted(board.waited, "order"),
            counted(ordered, "remainder")
        );
    }
    if tally.in_doubt + board.settled > 0 {
        let (settled, held) = (board.settled, tally.in_doubt);
        println!(
            "Attempts in doubt: {settled} settled by evidence, never by a second try; {held} held."
        );
    }
}

/// Prints in which order panels are tried, why, and where what was measured contradicts that.
pub(super) fn print_rankings(rankings: &[ProviderRanking], advice: &[AdviceRow]) {
    println!("Who is tried first, with a score of 0 to 1, and why:");
    for ranking in rankings {
        let mut label = format!("{:<7} {:.3}", ranking.provider.name, ranking.score);
        for reason in &ranking.reasons {
            println!("  {label:<13}  {reason}");
            label.clear();
        }
    }
    let mut of_backups: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for told in advice {
        let (better, worse) = (told.better.name.as_str(), told.provider.name.as_str());
        match told.service {
            None => println!("Advice: try {better} before {worse}."),
            Some(_) => *of_backups.entry((better, worse)).or_default() += 1,
        }
    }
    for ((better, worse), services) in of_backups {
        let services = counted(services, "service");
        println!("Advice: try {better} before {worse} as a backup of {services}.");
    }
}

/// Prints what an operator would have been told of.
pub(super) fn print_alerts(alerts: &[AlertRow]) {
    println!("Alerts, newest first; a webhook or Telegram can have them, too:");
    for alert in alerts {
        println!("  {:<18} {}", alert.kind, alert.message);
    }
}

/// Prints which services would stand alone if their panel failed, no line wider than 80 columns.
pub(super) fn print_coverage(coverage: &Coverage) {
    let unfit = [
        CoverageProblem::BackupLimits,
        CoverageProblem::BackupOfOtherType,
        CoverageProblem::BackupWithoutDripfeed,
    ];
    let unfit: usize = unfit.map(|problem| coverage.count(problem)).iter().sum();
    println!(
        "{} services for sale: {} without a usable backup, {} without any provider.",
        coverage.for_sale,
        coverage.count(CoverageProblem::NoUsableBackup),
        coverage.count(CoverageProblem::AllProvidersDown)
    );
    println!(
        "Backups that take less than is sold: {unfit}; that cost more than the price: {}.",
        coverage.count(CoverageProblem::BackupCostsMore)
    );
}

/// Prints how to go on from here, no line wider than 80 columns.
pub(super) fn print_invitation(address: SocketAddr, token: &SecretString, players: &[Player]) {
    let token = token.expose_secret();
    println!();
    println!("The API goes on being served. A page to try it on, and its header:");
    println!("  http://{address}/graphiql");
    println!("  {{\"Authorization\": \"Bearer {token}\"}}");
    println!("The same from a shell:");
    println!("  curl http://{address}/graphql \\");
    println!("    -H 'Authorization: Bearer {token}' \\");
    println!("    --json '{{\"query\":\"{QUERY}\"}}'");
    println!("Switch a panel's faults off, and orders go through at once:");
    if let Some(player) = players.first() {
        let url = player.panel.url();
        println!("  curl -X DELETE {}/_sim/faults", url.trim_end_matches("/api/v2"));
    }
    println!("Ctrl-C ends it.");
}
