//! What came of the demo's orders.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};

use super::{cast::Player, narrator::Score};

/// Prints the counts, and holds them against what the panels say.
pub(super) fn print_score(score: &Score, players: &[Player]) {
    println!();
    println!(
        "{} orders, {} attempts, {} failovers, {} in doubt, {} failed",
        score.orders, score.attempts, score.failovers, score.in_doubt, score.failed
    );
    println!("  panel   placed by us   taken by the panel");
    for player in players {
        let placed = score.placed.get(&player.provider).copied().unwrap_or_default();
        println!("  {:<7} {placed:>12}   {:>18}", player.name, player.panel.orders().len());
    }
    if score.in_doubt > 0 {
        println!(
            "  An order in doubt may be among those that a panel took: only evidence settles it,"
        );
        println!("  never a second try. See settleAttempt.");
    }
}

/// Prints how to go on from here.
pub(super) fn print_invitation(address: SocketAddr, token: &SecretString, players: &[Player]) {
    let token = token.expose_secret();
    println!();
    println!("GraphQL goes on being served at http://{address}/graphql, for instance:");
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
