//! Traces for an OpenTelemetry collector, by OTLP over HTTP. Configured by the standard's own variables, such as
//! `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_SERVICE_NAME`; without an endpoint nothing is exported.

use std::env;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use rustls::crypto::ring;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer, registry::LookupSpan};

/// Either of these names the collector.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// Traces on their way to the collector; what is left is sent on dropping.
pub(super) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Begins to export, where a collector is named.
    pub(super) fn start() -> Option<Self> {
        ENDPOINTS.iter().find_map(env::var_os)?;
        // The exporter's client wants the process's cryptography chosen, and logging starts before anything else does.
        let _ = ring::default_provider().install_default();
        let exporter = match SpanExporter::builder().with_http().build() {
            Ok(exporter) => exporter,
            Err(error) => {
                // There is no log yet.
                eprintln!("signalbox: traces are not exported: {error}");
                return None;
            }
        };
        let name = env::var("OTEL_SERVICE_NAME").unwrap_or_else(|_| "signalbox".to_owned());
        let resource = Resource::builder().with_service_name(name).build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        Some(Self { provider })
    }

    /// Returns what turns spans into traces.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        OpenTelemetryLayer::new(self.provider.tracer("signalbox"))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown() {
            eprintln!("signalbox: the last traces were not exported: {error}");
        }
    }
}
