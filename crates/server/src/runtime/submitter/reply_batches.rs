//! Brings answers back to the threads that wait for them, many at a time.
//!
//! To wake a task of another thread takes a system call, to wake one of the own thread does not. So the engine puts the
//! answers of a batch into one box per thread, which wakes that thread, and the thread itself hands them out.

use std::cell::RefCell;
use std::sync::Arc;

use app::commands::answer::Reply;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

type Responder = oneshot::Sender<Reply>;

/// Answers on their way to one thread.
#[derive(Default)]
pub(super) struct ReplyBatches {
    /// `None` once nobody hands them out any more; who waits then learns that there is no answer.
    waiting: Mutex<Option<Vec<(Responder, Reply)>>>,
    news: Notify,
}

thread_local! {
    static OF_THIS_THREAD: RefCell<Arc<ReplyBatches>> = RefCell::default();
}

impl ReplyBatches {
    /// The box of this thread, which belongs to a runtime.
    pub(super) fn of_this_thread() -> Arc<ReplyBatches> {
        OF_THIS_THREAD.with_borrow_mut(|returns| {
            if returns.waiting.lock().is_none() {
                *returns = ReplyBatches::open();
            }
            Arc::clone(returns)
        })
    }

    fn open() -> Arc<ReplyBatches> {
        let returns = Arc::new(ReplyBatches { waiting: Mutex::new(Some(vec![])), news: Notify::new() });
        tokio::spawn(HandingOut(Arc::clone(&returns)).run());
        returns
    }

    pub(super) fn put(&self, responder: Responder, reply: Reply) {
        let mut waiting = self.waiting.lock();
        let Some(waiting) = waiting.as_mut() else { return };
        waiting.push((responder, reply));
        if waiting.len() == 1 {
            self.news.notify_one();
        }
    }
}

/// The task that hands out; it ends with its runtime, and closes the box.
struct HandingOut(Arc<ReplyBatches>);

impl HandingOut {
    async fn run(self) {
        loop {
            self.0.news.notified().await;
            let answers = self.0.waiting.lock().replace(vec![]);
            for (responder, reply) in answers.into_iter().flatten() {
                // The client may have hung up; what was decided stays decided.
                let _ = responder.send(reply);
            }
        }
    }
}

impl Drop for HandingOut {
    fn drop(&mut self) {
        let left = self.0.waiting.lock().take();
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use app::commands::answer::Answer;

    use super::*;

    fn done() -> Reply {
        Reply { result: Ok(Answer::Done), replayed: false, order: None }
    }

    #[tokio::test]
    async fn answers_from_another_thread_arrive() {
        let returns = ReplyBatches::of_this_thread();
        let (replies, answers): (Vec<_>, Vec<_>) = (0..100).map(|_| oneshot::channel()).unzip();
        std::thread::spawn(move || replies.into_iter().for_each(|responder| returns.put(responder, done())));
        for answer in answers {
            assert_eq!(answer.await.unwrap().result, Ok(Answer::Done));
        }
    }

    #[test]
    fn whoever_waits_when_the_runtime_ends_is_told_so() {
        let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let first = runtime();
        let closed = first.block_on(async { ReplyBatches::of_this_thread() });
        drop(first);
        let (responder, mut answer) = oneshot::channel();
        closed.put(responder, done());
        assert!(answer.try_recv().is_err());
        runtime().block_on(async {
            let (responder, answer) = oneshot::channel();
            ReplyBatches::of_this_thread().put(responder, done());
            assert!(answer.await.is_ok(), "a runtime that follows on the same thread has a box of its own");
        });
    }
}
