//! The promises of every store and its log, as tests that know only the ports. Each case begins with an empty store.
//!
//! An adapter's own tests run [`CASES`] one by one, each on a fixture of its own.

/// The number of varied rows of each kind.
const SAMPLES: i64 = 60;

/// Writes each row at its key in turn and reads it back each time; the last also in the next process.
macro_rules! survives {
    ($session:expr, $table:ident, $key:expr, $rows:expr $(,)?) => {{
        let key = $key;
        let rows = $rows;
        let named: [Key; 1] = [key.into()];
        for row in &rows {
            $session.change(&named, |batch| batch.$table.put(key, row.clone())).await;
            assert_eq!($session.look(&named).await.$table.get(key), Ok(Some(row)));
        }
        $session.reopen().await;
        assert_eq!($session.look(&named).await.$table.get(key), Ok(rows.last()));
    }};
}

mod commits;
mod drops;
mod failed_delivery;
mod fulfilment;
mod gate;
mod log;
mod notifications;
pub mod payment;
mod rows;
mod samples;
mod session;
mod trailing;
mod webhooks;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::ports::{BoxFuture, EventLog, Store, Trail};

pub use gate::{GATE_CASES, GateCase, GateFixture};

/// A store under test.
pub trait Fixture {
    /// Opens the store as a starting process does. The previous one has been dropped, as if its process died.
    fn open(&mut self) -> BoxFuture<'_, Opened>;
}

/// An open store, its log and its trail, which read what the store commits.
pub struct Opened {
    pub store: Box<dyn Store>,
    pub log: Box<dyn EventLog>,
    pub trail: Box<dyn Trail>,
}

pub type Case = for<'a> fn(&'a mut dyn Fixture) -> BoxFuture<'a, ()>;

macro_rules! cases {
    ($($part:ident { $($case:ident,)* })*) => {
        /// Every case by name; a case panics when its promise is broken.
        pub const CASES: &[(&str, Case)] =
            &[$($((stringify!($case), |fixture| Box::pin($part::$case(fixture))),)*)*];
    };
}

cases! {
    rows {
        an_answer_survives,
        details_survive,
        a_login_survives,
        an_api_key_survives_until_it_is_revoked,
        a_change_of_modes_survives_and_the_newest_is_in_force,
        an_order_survives_every_change,
        many_rows_of_one_commit_survive,
        a_placed_order_is_read_as_the_row_was_written,
        snapshots_are_read_as_the_rows_were_written,
        a_timer_survives,
        a_timer_put_without_being_read_replaces_what_is_there,
        a_claim_survives,
        a_request_survives,
        a_customer_survives,
        an_account_survives,
        a_holding_survives_and_grows,
        a_campaign_survives,
        a_product_survives,
        sales_survive,
        an_inbox_row_survives,
        a_missing_row_is_loaded_as_absent,
    }
    fulfilment {
        a_payment_survives_every_change,
        a_payment_that_is_stuck_survives,
        a_shipment_survives,
        a_storage_survives,
        a_callback_is_written_once,
    }
    webhooks {
        an_endpoint_survives_every_change,
        a_delivery_survives_every_change,
        an_endpoint_gets_an_event_once,
        an_alert_survives_until_it_is_cleared,
        one_alert_of_a_scope_is_open,
    }
    notifications {
        settings_survive_every_change,
        a_notification_survives_until_it_is_sent,
    }
    drops {
        a_drop_survives_every_change,
        a_customer_of_a_drop_survives,
        a_card_of_a_drop_survives,
        drops_come_due_when_they_turn,
    }
    commits {
        a_rollback_leaves_nothing,
        a_store_that_dies_before_its_commit_leaves_nothing,
        rows_may_be_loaded_in_several_calls,
        a_constraint_undoes_the_whole_commit,
        broken_states_are_refused,
        a_row_may_be_deleted_without_being_read,
        offsets_move_only_from_their_current_value,
        a_lost_offset_undoes_the_whole_commit,
        a_campaign_that_was_held_is_compared,
        a_commit_is_known_by_its_id,
        each_engine_counts_its_own_commits,
        numbers_are_leased_once,
        timers_come_due_oldest_first,
        holders_are_counted,
    }
    failed_delivery {
        a_parked_key_survives,
        a_parked_key_is_found_among_many,
        a_parked_event_survives_until_it_is_removed,
        a_letter_survives_every_change,
        parked_keys_come_due_with_their_first_events,
        scheduled_letters_come_due_after_timers,
    }
    log {
        events_come_in_commit_order_without_a_gap,
        every_event_survives_the_log,
        a_group_receives_only_its_kinds,
        a_log_is_read_in_pages,
        a_group_continues_at_its_committed_offset,
        events_of_a_failed_commit_are_never_seen,
        events_are_found_in_their_slots,
    }
    trailing {
        a_trail_has_every_event_once_and_in_order,
        a_trail_continues_where_the_last_slice_was_committed,
        a_slice_is_committed_once,
    }
}

/// Returns the result of a port that never waits.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("this adapter promised to answer at once"),
    }
}
