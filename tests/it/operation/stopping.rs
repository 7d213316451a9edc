//! The program's end, as service managers and operators bring it about.

use std::{
    os::unix::net::UnixDatagram,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use serde_json::json;
use signalbox::simulator::{Action, Fault, FaultRule, Latency};
use tokio::time::sleep;

use crate::support::site::Site;
use crate::support::{
    api::until,
    shop::{Census, Shop},
};

#[tokio::test]
async fn sigterm_awaits_a_slow_provider_and_leaves_nothing_in_doubt() {
    let site = Site::open().await;
    let program = site.start(&[]).await;
    let shop = Shop::open(&program.api(), 1).await;
    shop.panels[0].set_latency(Latency { base_ms: 2000, jitter_ms: 0 });
    for number in 0..8 {
        program.api().place(shop.order(&format!("https://social.example/p/{number}"))).await;
    }
    until("the panel is asked", async || shop.asked() == [8]).await;
    let asked = Instant::now();
    assert!(program.terminate().await, "the program ended badly");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert_eq!(shop.census(&site.pool()).await, Census { placed: 8, ..Census::default() });
    site.close().await;
}

#[tokio::test]
async fn second_signal_ends_at_once_and_what_was_under_way_is_in_doubt() {
    let site = Site::open().await;
    let program = site.start(&[]).await;
    let shop = Shop::open(&program.api(), 1).await;
    shop.panels[0].set_faults(vec![FaultRule::on(Action::Add, Fault::Silent)]);
    let order = program.api().place(shop.order("https://social.example/p/1")).await;
    until("the panel is asked", async || shop.asked() == [1]).await;
    program.signal(Signal::SIGTERM);
    sleep(Duration::from_millis(500)).await;
    let second = Instant::now();
    program.signal(Signal::SIGINT);
    assert!(!program.ended().await, "calls were cut off, which is no good end");
    assert!(second.elapsed() < Duration::from_secs(3), "{:?}", second.elapsed());
    shop.panels[0].clear_faults();
    let program = site.start(&[]).await;
    assert_eq!(program.api().order_at_rest(&order).await["status"], "IN_DOUBT");
    assert_eq!(shop.asked(), [1]);
    assert!(program.terminate().await);
    site.close().await;
}

#[tokio::test]
async fn systemd_is_told_when_it_serves_and_when_it_stops() {
    let site = Site::open().await;
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("notify");
    let socket = UnixDatagram::bind(&address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let heard = || {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let program = site.start(&[("NOTIFY_SOCKET", address.to_str().unwrap())]).await;
    assert_eq!(heard().trim(), "READY=1");
    program.api().data("{ providers { id } }", json!({})).await;
    assert!(program.terminate().await);
    assert_eq!(heard().trim(), "STOPPING=1");
    site.close().await;
}
