use std::io::{self, IsTerminal};

use clap::ValueEnum;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, fmt, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Logging under way. Keep it until the end: what has not been sent to a collector yet is sent when it is dropped.
#[must_use]
pub(in crate::cli) struct Logging {
    #[cfg(feature = "otlp")]
    _traces: Option<super::otlp::Traces>,
}

impl Logging {
    /// Logs to standard error, from `default_level` on or as `RUST_LOG` says.
    pub(in crate::cli) fn start(default_level: &str, format: LogFormat) -> Self {
        let filter =
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_level));
        let subscriber = tracing_subscriber::registry().with(filter).with(lines(format));
        #[cfg(feature = "otlp")]
        {
            let traces = super::otlp::Traces::start();
            subscriber.with(traces.as_ref().map(super::otlp::Traces::layer)).init();
            Self { _traces: traces }
        }
        #[cfg(not(feature = "otlp"))]
        {
            subscriber.init();
            Self {}
        }
    }
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    match format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(true).boxed()
        }
    }
}
