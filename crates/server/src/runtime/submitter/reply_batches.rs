//! Brings answers back to the threads that wait for them, many at a time.
//!
//! To wake a task of another thread takes a system call, to wake one of the own thread does not. So the engine puts the
//! answers of a batch into one box per thread, which wakes that thread, and the thread itself hands them out.

use std::cell::RefCell;
use std::sync::Arc;

use app::commands::answer::Settled;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

type Reply = oneshot::Sender<Settled>;

/// Answers on their way to one thread.
#[derive(Default)]
pub(super) struct Returns {
    /// `None` once nobody hands them out any more; who waits then learns that there is no answer.
    waiting: Mutex<Option<Vec<(Reply, Settled)>>>,
    news: Notify,
}

thread_local! {
    static OF_THIS_THREAD: RefCell<Arc<Returns>> = RefCell::default();
}

impl Returns {
    /// The box of this thread, which belongs to a runtime.
    pub(super) fn of_this_thread() -> Arc<Returns> {
        OF_THIS_THREAD.with_borrow_mut(|returns| {
            if returns.waiting.lock().is_none() {
                *returns = Returns::open();
            }
            Arc::clone(returns)
        })
    }

    fn open() -> Arc<Returns> {
        let returns = Arc::new(Returns { waiting: Mutex::new(Some(vec![])), news: Notify::new() });
        tokio::spawn(HandingOut(Arc::clone(&returns)).run());
        returns
    }

    pub(super) fn put(&self, reply: Reply, settled: Settled) {
        let mut waiting = self.waiting.lock();
        let Some(waiting) = waiting.as_mut() else { return };
        waiting.push((reply, settled));
        if waiting.len() == 1 {
            self.news.notify_one();
        }
    }
}

/// The task that hands out; it ends with its runtime, and closes the box.
struct HandingOut(Arc<Returns>);

impl HandingOut {
    async fn run(self) {
        loop {
            self.0.news.notified().await;
            let answers = self.0.waiting.lock().replace(vec![]);
            for (reply, settled) in answers.into_iter().flatten() {
                // The client may have hung up; what was decided stays decided.
                let _ = reply.send(settled);
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

    fn done() -> Settled {
        Settled { result: Ok(Answer::Done), replayed: false, order: None }
    }

    #[tokio::test]
    async fn answers_from_another_thread_arrive() {
        let returns = Returns::of_this_thread();
        let (replies, answers): (Vec<_>, Vec<_>) = (0..100).map(|_| oneshot::channel()).unzip();
        std::thread::spawn(move || replies.into_iter().for_each(|reply| returns.put(reply, done())));
        for answer in answers {
            assert_eq!(answer.await.unwrap().result, Ok(Answer::Done));
        }
    }

    #[test]
    fn whoever_waits_when_the_runtime_ends_is_told_so() {
        let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let first = runtime();
        let closed = first.block_on(async { Returns::of_this_thread() });
        drop(first);
        let (reply, mut answer) = oneshot::channel();
        closed.put(reply, done());
        assert!(answer.try_recv().is_err());
        runtime().block_on(async {
            let (reply, answer) = oneshot::channel();
            Returns::of_this_thread().put(reply, done());
            assert!(answer.await.is_ok(), "a runtime that follows on the same thread has a box of its own");
        });
    }
}
