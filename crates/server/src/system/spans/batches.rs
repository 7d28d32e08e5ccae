//! The spans of a batch: the batch itself, and each event from the log that it handles.

use app::engine::Job;
use app::events::trace::TraceParent;
use app::events::trace::span::Kind;

use super::{Context, caused_by, finish, tracer};

/// The most traces that a batch names.
const LINKS_MAX: usize = 32;

/// A batch with traced jobs.
pub struct Batch {
    context: Context,
    jobs: usize,
    links: Vec<TraceParent>,
    /// The group and the span of each traced event.
    handled: Vec<(&'static str, Context)>,
}

impl Batch {
    /// Begins the spans of a batch; `None` if tracing is off, or none of its jobs is traced.
    pub fn begin(jobs: &[Job]) -> Option<Batch> {
        let _is_on = tracer()?;
        let mut traced = jobs.iter().filter_map(|job| Some((job, job.trace.filter(|trace| trace.is_sampled())?)));
        let (_, first) = traced.clone().next()?;
        let context = caused_by(first)?;
        let links = traced.clone().skip(1).map(|(_, trace)| trace).take(LINKS_MAX).collect();
        let handled = traced.by_ref().filter_map(|(job, trace)| {
            let group = job.source.as_ref()?.offset.group.name();
            Some((group, caused_by(trace)?))
        });
        Some(Batch { context, jobs: jobs.len(), links, handled: handled.collect() })
    }

    /// Ends them: the batch is durable, or has failed.
    pub fn end(self, has_failed: bool) {
        let Batch { context, jobs, links, handled } = self;
        for (group, context) in handled {
            let mut span = context.end(format!("handle {group}"), Kind::Consumer);
            span.has_failed = has_failed;
            finish(span.with("messaging.consumer.group.name", group));
        }
        let mut span = context.end("batch".to_owned(), Kind::Internal);
        (span.links, span.has_failed) = (links, has_failed);
        finish(span.with("doorbuster.jobs", i64::try_from(jobs).unwrap_or(i64::MAX)));
    }
}
