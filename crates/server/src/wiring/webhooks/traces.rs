//! The trace collector, if requests are traced.

use std::sync::Arc;

use adapters::otlp::{Collector, Options};

use crate::config::Config;
use crate::metrics::Metrics;
use crate::runtime::outward::span_loop::SpanSender;
use crate::system::shown_url;
use crate::system::spans;
use crate::system::spans::counts::Counts;
use crate::wiring::error::Error;

/// Starts tracing; returns what sends the finished spans.
pub(in crate::wiring) fn open(config: &Config, metrics: &Metrics) -> Result<Option<SpanSender>, Error> {
    let traces = &config.traces;
    if !traces.is_on() {
        return Ok(None);
    }
    let (url, headers) = (traces.url(), traces.headers());
    let options = Options { url, headers, resource: traces.resource(), timeout: traces.timeout() };
    // The library may quote the address.
    let refused = |why: String| Error::Traces(why.replace(&traces.url(), &shown_url::of(&traces.url())));
    let collector = Arc::new(Collector::new(options).map_err(refused)?);
    let counts = Counts::register(metrics);
    let Some(finished) = spans::start(traces.share(), counts.clone()) else { return Ok(None) };
    let export = Box::new(move |spans| {
        let collector = Arc::clone(&collector);
        Box::pin(async move { collector.export(spans).await }) as _
    });
    Ok(Some(SpanSender { finished, counts, export }))
}
