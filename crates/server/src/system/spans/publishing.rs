//! A span for each traced event that the relay publishes.

use app::events::cloud_event::TRACE_ATTRIBUTE;
use app::events::topic::Spread;
use app::events::trace::TraceParent;
use app::events::trace::span::Kind;
use app::log::relay::{PublishError, Publisher, Record};
use app::ports::BoxFuture;

use super::{Context, caused_by, finish};

/// A publisher whose traced records have spans.
pub struct Traced(pub Box<dyn Publisher>);

fn begin(record: &Record) -> Option<Context> {
    let (_, text) = record.attributes.iter().find(|(name, _)| *name == TRACE_ATTRIBUTE)?;
    caused_by(TraceParent::parse(text.as_bytes())?)
}

impl Publisher for Traced {
    fn sizes(&mut self) -> BoxFuture<'_, Result<Spread, PublishError>> {
        self.0.sizes()
    }

    fn publish<'a>(&'a mut self, records: &'a [Record], spread: &'a Spread) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(async move {
            let begun: Vec<(&Record, Context)> =
                records.iter().filter_map(|record| Some((record, begin(record)?))).collect();
            let published = self.0.publish(records, spread).await;
            for (record, context) in begun {
                let topic = record.topic.name();
                let mut span = context.end(format!("publish {topic}"), Kind::Producer);
                span.has_failed = published.is_err();
                let span = span.with("messaging.system", "kafka").with("messaging.destination.name", topic);
                finish(span.with("messaging.kafka.message.key", record.key.as_str()));
            }
            published
        })
    }
}
