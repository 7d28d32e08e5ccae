//! Sets apart the jobs whose rows cannot be read, and lets their timers rest.

use super::{Engine, Job, failed, push_halves, refuse};
use crate::commands::answer::Refusal;
use crate::engine::report::Report;
use crate::ports::StoreError;

impl Engine {
    /// Returns due timers as jobs. Those whose rows cannot be read rest, and do not keep others from their turn.
    pub async fn due_timers(&mut self, limit: usize) -> Result<Vec<Job>, StoreError> {
        let now = self.clock.now().max(self.now);
        self.unreadable.wake(now);
        let due = self.store.due_timers(now, limit + self.unreadable.resting()).await?;
        let (codec, share) = (self.settings.codec, self.admission_share);
        let mut jobs = vec![];
        for timer in due {
            match failed::command_of(timer, &codec, share) {
                Ok(command) if self.unreadable.rests(&command) => {}
                Ok(command) => jobs.push(Job::new(command, Box::new(|_| ()))),
                Err(what) => self.unreadable.note(what),
            }
        }
        Ok(jobs)
    }

    /// Splits the jobs of which at least one needs a row that cannot be read, until it is alone. Then it is refused, or
    /// its failure is recorded; the store works, so nothing else fails.
    pub(super) fn set_apart(&mut self, mut jobs: Vec<Job>, error: &str, work: &mut Vec<Vec<Job>>, report: &mut Report) {
        if jobs.len() > 1 {
            return push_halves(jobs, work);
        }
        let Some(mut job) = jobs.pop() else { return };
        self.unreadable.note(error.to_owned());
        if job.fail(error, false) || job.leave_out(error) {
            return work.push(vec![job]);
        }
        report.undecidable += 1;
        self.unreadable.rest(&job.command, self.now);
        refuse(vec![job], Refusal::Damaged, report);
    }
}
