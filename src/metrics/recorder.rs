use std::{sync::OnceLock, time::Duration};

use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::{MissedTickBehavior, interval};

use super::catalogue::{BUILD, Kind, METRICS, SECONDS, SIZES};

/// How often observations are counted into their buckets, so that they do not pile up while nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Begins to keep values. To call it again changes nothing.
pub fn install() {
    RECORDER.get_or_init(|| match builder().install_recorder() {
        Ok(handle) => {
            METRICS.iter().for_each(|metric| describe(metric.0, metric.1, metric.2));
            gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
            Some(handle)
        }
        Err(error) => {
            tracing::error!(%error, "nothing is measured");
            None
        }
    });
}

/// Returns all values in Prometheus' text format; nothing before [`install`].
pub fn render() -> String {
    recorder().map(PrometheusHandle::render).unwrap_or_default()
}

/// Keeps the memory that observations take within bounds, until it is dropped.
pub async fn keep() {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(recorder) = recorder() {
            recorder.run_upkeep();
        }
    }
}

fn recorder() -> Option<&'static PrometheusHandle> {
    RECORDER.get().and_then(Option::as_ref)
}

fn builder() -> PrometheusBuilder {
    METRICS.iter().fold(PrometheusBuilder::new(), |builder, (name, kind, _)| {
        let buckets = match kind {
            Kind::Seconds => SECONDS,
            Kind::Sizes => SIZES,
            Kind::Counter | Kind::Gauge => return builder,
        };
        let metric = Matcher::Full((*name).to_owned());
        builder.set_buckets_for_metric(metric, buckets).expect("the lists of bounds are not empty")
    })
}

fn describe(name: &'static str, kind: Kind, help: &'static str) {
    match kind {
        Kind::Counter => describe_counter!(name, help),
        Kind::Gauge => describe_gauge!(name, help),
        Kind::Seconds | Kind::Sizes => describe_histogram!(name, help),
    }
}
