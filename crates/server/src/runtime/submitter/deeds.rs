//! The admin's act that a request carries out: written to the trail with the first command that succeeds in it.

use std::cell::RefCell;

use app::state::rows::Deed;

tokio::task_local! {
    static DEED: RefCell<Option<Box<Deed>>>;
}

/// Runs a request. Returns the deed as well if no command has carried it out.
pub async fn during<T>(deed: Deed, request: impl Future<Output = T>) -> (T, Option<Deed>) {
    let run = async {
        let outcome = request.await;
        let left = DEED.with(|deed| deed.borrow_mut().take());
        (outcome, left.map(|deed| *deed))
    };
    DEED.scope(RefCell::new(Some(Box::new(deed))), run).await
}

/// Adds to the deed of this request, if it has one.
pub fn note(add: impl FnOnce(&mut Deed)) {
    // Requests of customers have none.
    let _absent = DEED.try_with(|deed| {
        if let Some(deed) = deed.borrow_mut().as_mut() {
            add(deed);
        }
    });
}

/// Drops the deed of this request: it only shows what would be done, or its commands are done already.
pub fn drop_it() {
    let _absent = DEED.try_with(|deed| deed.borrow_mut().take());
}

pub(super) fn current() -> Option<Box<Deed>> {
    DEED.try_with(|deed| deed.borrow().clone()).ok().flatten()
}
