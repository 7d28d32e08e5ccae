//! Delivers answers to the threads that wait for them, in batches.
//!
//! Waking a task of another thread takes a system call, waking one of the own thread does not. So the engine puts the
//! answers of a batch into one box per thread, which wakes that thread once, and the thread delivers them to its tasks.

use std::cell::RefCell;
use std::sync::Arc;

use app::commands::answer::Reply;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

type Responder = oneshot::Sender<Reply>;

/// The answers for one thread.
#[derive(Default)]
pub(super) struct ReplyBatches {
    /// `None` after the runtime has ended; senders then drop the answer and the waiting task gets an error.
    waiting: Mutex<Option<Vec<(Responder, Reply)>>>,
    news: Notify,
}

thread_local! {
    static OF_THIS_THREAD: RefCell<Arc<ReplyBatches>> = RefCell::default();
}

impl ReplyBatches {
    /// Returns the box of this thread, which belongs to the current runtime.
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
        tokio::spawn(DeliveryTask(Arc::clone(&returns)).run());
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

/// The task that delivers the answers; it ends with its runtime and closes the box.
struct DeliveryTask(Arc<ReplyBatches>);

impl DeliveryTask {
    async fn run(self) {
        loop {
            self.0.news.notified().await;
            let answers = self.0.waiting.lock().replace(vec![]);
            for (responder, reply) in answers.into_iter().flatten() {
                // The client may have disconnected; the decision stands.
                let _ = responder.send(reply);
            }
        }
    }
}

impl Drop for DeliveryTask {
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
    fn waiting_tasks_get_an_error_when_the_runtime_ends() {
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
