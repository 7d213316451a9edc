//! What came of the demo's orders.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};

use super::{cast::Player, scoreboard::Scoreboard};

/// Prints the counts, and holds them against what the panels say.
pub(super) fn print_score(board: &Scoreboard, players: &[Player]) {
    let tally = board.tally();
    println!();
    println!(
        "{} orders, {} attempts, {} failovers, {} in doubt, {} failed",
        board.orders, tally.attempts, board.failovers, tally.in_doubt, board.failed
    );
    println!("  panel   placed by us   taken by the panel");
    for (panel, player) in board.panels.iter().zip(players) {
        let (placed, taken) = (panel.tally.placed, player.panel.orders().len());
        println!("  {:<7} {placed:>12}   {taken:>18}", panel.name);
    }
    if tally.in_doubt > 0 {
        println!(
            "An order in doubt may be among those that a panel took: only evidence settles it,"
        );
        println!("never a second try. See settleAttempt.");
    }
}

/// Prints how to go on from here.
pub(super) fn print_invitation(address: SocketAddr, token: &SecretString, players: &[Player]) {
    let token = token.expose_secret();
    println!();
    println!("The API goes on being served; a page to try it on is http://{address}/graphiql,");
    println!("with the header {{\"Authorization\": \"Bearer {token}\"}}, or:");
    let query = "{ providers { name successRate } failoverLogs(first: 5) { nodes { reason } } }";
    println!("  curl http://{address}/graphql -H 'Authorization: Bearer {token}' \\");
    println!("    --json '{{\"query\":\"{query}\"}}'");
    println!("Switch a panel's faults off, and orders go through at once:");
    if let Some(player) = players.first() {
        let url = player.panel.url();
        println!("  curl -X DELETE {}/_sim/faults", url.trim_end_matches("/api/v2"));
    }
    println!("Ctrl-C ends it.");
}
