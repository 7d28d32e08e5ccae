//! One SELECT for each kind of row, with its columns in the order in which they are read; the same for every store.

mod statistics;

pub(crate) use statistics::{SELECT_FIGURES, SELECT_TOTALS};

macro_rules! select_product {
    ($rest:literal) => {
        concat!(
            "SELECT product_id, name, price, status, on_hand, reserved, received, sold, written_off, drop_id, \
             created_at, updated_at \
             FROM product ",
            $rest
        )
    };
}

macro_rules! select_details {
    ($rest:literal) => {
        concat!("SELECT sku, external_id, description, image_url, attributes FROM product_details ", $rest)
    };
}

/// A product with its details; both tables name it by the same column.
macro_rules! select_described {
    ($rest:literal) => {
        concat!(
            "SELECT product_id, name, price, status, on_hand, reserved, received, sold, written_off, drop_id, \
             created_at, updated_at, sku, external_id, description, image_url, attributes \
             FROM product LEFT JOIN product_details USING (product_id) ",
            $rest
        )
    };
}

macro_rules! select_campaign {
    ($rest:literal) => {
        concat!(
            "SELECT campaign_id, name, discount_type, discount_value, discount_max_amount, quantity, issued, \
             issue_per_user_max, issue_starts_at, issue_ends_at, valid_until, issue_mode, queue_key, paused, \
             created_at, updated_at \
             FROM campaign ",
            $rest
        )
    };
}

macro_rules! select_request {
    ($rest:literal) => {
        concat!(
            "SELECT request_id, user_id, campaign_id, status, result_code, coupon_id, coupon_code, issue_number, \
             quantity, decided_at, created_at, updated_at \
             FROM coupon_request ",
            $rest
        )
    };
}

macro_rules! select_entry {
    ($rest:literal) => {
        concat!(
            "SELECT entry_id, user_id, from_account, to_account, amount, kind, order_id, balance, previous_entry_id, \
             created_at \
             FROM points_entry ",
            $rest
        )
    };
}

macro_rules! select_login {
    ($rest:literal) => {
        concat!(
            "SELECT user_id, email, name, password_hash, role, tokens_since \
             FROM login ",
            $rest
        )
    };
}

pub(crate) const SELECT_ENDED: &str = "SELECT mark, ended_at, expires_at FROM ended_token WHERE ended_at > ?";

macro_rules! select_answer {
    ($rest:literal) => {
        concat!(
            "SELECT fingerprint, answer, answered_at, `key`, idempotency_id \
             FROM idempotency ",
            $rest
        )
    };
}

macro_rules! select_account {
    ($rest:literal) => {
        concat!(
            "SELECT user_id, balance \
             FROM points_account ",
            $rest
        )
    };
}

macro_rules! select_customer {
    ($rest:literal) => {
        select_customer!("", $rest)
    };
    // With further columns behind those of every store.
    ($further:literal, $rest:literal) => {
        concat!(
            "SELECT user_id, last_order_id, last_coupon_id, last_entry_id, last_notice_id, notices, created_at",
            $further,
            " FROM customer ",
            $rest
        )
    };
}

macro_rules! select_coupon {
    ($rest:literal) => {
        concat!(
            "SELECT coupon_id, code, issue_number, used_order_id, issued_at, campaign_id, user_id \
             FROM coupon ",
            $rest
        )
    };
}

/// A coupon with the values of its campaign, and its owner's previous coupon.
macro_rules! select_user_coupon {
    ($rest:literal) => {
        concat!(
            "SELECT coupon_id, code, issue_number, used_order_id, issued_at, user_id, campaign_id, valid_until, \
             previous_coupon_id \
             FROM coupon JOIN campaign USING (campaign_id) ",
            $rest
        )
    };
}

macro_rules! select_order {
    ($rest:literal) => {
        concat!(
            "SELECT order_id, order_number, user_id, outcome, status, reason, is_restoring, mode, chosen_by, payment, \
             pay_within_us, pay_before_at, total, discount, points, amount_due, campaign_id, coupon_id, \
             coupon_state, coupon_reason, coupon_at, point_state, point_reason, point_at, receiver, \
             warehouse_storage, is_processing, version, created_at, updated_at, previous_order_id, after_sales, \
             completed_at \
             FROM orders ",
            $rest
        )
    };
}

macro_rules! select_mode_change {
    ($rest:literal) => {
        concat!(
            "SELECT version, choice, percent, choice_before, percent_before, changed_by, reason, changed_at \
             FROM mode_change ",
            $rest
        )
    };
}

macro_rules! select_line {
    ($rest:literal) => {
        concat!(
            "SELECT product_id, name, quantity, unit_price, stock_state, stock_reason, stock_at, returned, drop_id, order_id \
             FROM order_line ",
            $rest
        )
    };
}

macro_rules! select_parked {
    ($rest:literal) => {
        concat!(
            "SELECT consumer_group, topic, key_hash, event_key, due_at, first_number, next_number, run, attempts, \
             error, first_failed_at, last_failed_at \
             FROM parked_key ",
            $rest
        )
    };
}

macro_rules! select_parked_event {
    ($rest:literal) => {
        concat!(
            "SELECT consumer_group, topic, key_hash, number, `partition`, log_offset, event_id, event_key, type, \
             payload, traceparent, occurred_at \
             FROM parked_event ",
            $rest
        )
    };
}

macro_rules! select_letter {
    ($rest:literal) => {
        concat!(
            "SELECT letter_id, consumer_group, topic, `partition`, log_offset, event_id, event_key, type, payload, \
             traceparent, occurred_at, status, attempts, error, first_failed_at, last_failed_at, resends, due_at, acts \
             FROM dead_letter ",
            $rest
        )
    };
}

macro_rules! select_payment {
    ($rest:literal) => {
        concat!(
            "SELECT order_id, order_ms, attempt, method, means, amount, state, action, is_wanted, authorized, captured, refunded, \
             refunding, owed, resolved, refunds, given_back, declines, owed_since, reference, refusal, last_error, resolved_by, \
             resolved_at, resolution_reason, resolution_reference, ask, due_at, tries, created_at, updated_at \
             FROM payment ",
            $rest
        )
    };
}

/// The offsets of all groups.
pub(crate) const SELECT_POSITIONS: &str = "SELECT consumer_group, topic, `partition`, position FROM consumer_offset";

/// The moment before which events are archived.
pub(crate) const SELECT_BEFORE: &str = "SELECT before_at FROM archive";

/// The relay's cursor in each shard, and the time of the next event that waits for it; no event follows the largest number.
macro_rules! select_relayed {
    ($rest:literal) => {
        concat!(
            "SELECT outbox_shard.shard, outbox_shard.seq, COALESCE(relay_shard.position, 0), occurred_at \
             FROM outbox_shard LEFT JOIN relay_shard USING (shard) LEFT JOIN event \
             ON event.shard = outbox_shard.shard \
             AND event.seq = NULLIF(COALESCE(relay_shard.position, 0), 9223372036854775807) + 1 ",
            $rest
        )
    };
}

macro_rules! select_shipment {
    ($rest:literal) => {
        concat!(
            "SELECT order_id, state, receiver, tracking_number, created_at, updated_at \
             FROM shipment ",
            $rest
        )
    };
}

macro_rules! select_storage {
    ($rest:literal) => {
        concat!(
            "SELECT order_id, state, created_at, updated_at \
             FROM warehouse_storage ",
            $rest
        )
    };
}

macro_rules! select_callback {
    ($rest:literal) => {
        concat!(
            "SELECT callback_key, provider, event_id, taken_at \
             FROM payment_callback ",
            $rest
        )
    };
}

/// Ends before the tables, because each store finds an order's events by another one.
macro_rules! select_outgoing {
    ($from:literal) => {
        concat!("SELECT shard, seq, id, type, payload, version, traceparent, occurred_at FROM ", $from)
    };
}

/// An event as it was written. Ends before the tables, like the one above.
macro_rules! select_written {
    ($from:literal) => {
        concat!(
            "SELECT position, shard, seq, id, type, topic, event_key, order_id, version, cause, traceparent, occurred_at, \
             payload FROM ",
            $from
        )
    };
}

/// An event that is parked. Only the first one of its key has failed; the others wait behind it.
macro_rules! select_parked_failure {
    ($rest:literal) => {
        concat!(
            "SELECT parked_event.consumer_group, event_id, CASE WHEN number = first_number THEN attempts ELSE 0 END, \
             CASE WHEN number = first_number THEN error END, due_at, NULL, NULL \
             FROM parked_event JOIN parked_key ON parked_key.consumer_group = parked_event.consumer_group \
             AND parked_key.topic = parked_event.topic AND parked_key.key_hash = parked_event.key_hash ",
            $rest
        )
    };
}

/// An event that is a dead letter.
macro_rules! select_letter_failure {
    ($rest:literal) => {
        concat!("SELECT consumer_group, event_id, attempts, error, due_at, letter_id, status FROM dead_letter ", $rest)
    };
}

macro_rules! select_alert {
    ($rest:literal) => {
        concat!(
            "SELECT alert_id, code, scope, subject, severity, value, threshold, since, cleared_at, reporter, \
             reported_until, next_try_at FROM alert ",
            $rest
        )
    };
}

macro_rules! select_webhook {
    ($rest:literal) => {
        select_webhook!("", $rest)
    };
    // With further columns behind those of an endpoint.
    ($further:literal, $rest:literal) => {
        concat!(
            "SELECT webhook_id, url, description, event_types, secret, old_secret, old_secret_until, ordered, \
             rate_per_second, status, disabled_reason, terms, deliveries, failing_since, created_at, updated_at",
            $further,
            " FROM webhook ",
            $rest
        )
    };
}

/// Every secret as it is stored, also the replaced ones.
pub(crate) const SELECT_WEBHOOK_SECRETS: &str = "SELECT secret FROM webhook WHERE status <> 'REMOVED' \
     UNION ALL SELECT old_secret FROM webhook WHERE status <> 'REMOVED' AND old_secret IS NOT NULL";

macro_rules! select_delivery {
    ($rest:literal) => {
        concat!(
            "SELECT webhook_id, number, event_id, event_type, order_key, shard, seq, payload, state, tries, attempts, \
             due_at, last_status, created_at, attempt_log \
             FROM webhook_delivery ",
            $rest
        )
    };
}

macro_rules! select_notification_settings {
    ($rest:literal) => {
        concat!(
            "SELECT user_id, phone, push_token, language, email_since, push_since, sms_since, updated_at \
             FROM notification_settings ",
            $rest
        )
    };
}

macro_rules! select_notification {
    ($rest:literal) => {
        concat!(
            "SELECT event_id, channel, user_id, shard, seq, state, tries, attempts, due_at, error, created_at \
             FROM notification ",
            $rest
        )
    };
}

macro_rules! select_drop {
    ($rest:literal) => {
        concat!("SELECT drop_id, body FROM drops ", $rest)
    };
}

macro_rules! select_buyer {
    ($rest:literal) => {
        concat!("SELECT drop_id, user_id, body FROM drop_buyer ", $rest)
    };
}

macro_rules! select_card {
    ($rest:literal) => {
        concat!("SELECT drop_id, card_hash, units FROM drop_card ", $rest)
    };
}

macro_rules! select_drop_link {
    ($rest:literal) => {
        concat!(
            "SELECT drop_id, number, at, customer, kind, subject, order_id, previous_hash, hash FROM drop_link ",
            $rest
        )
    };
}

/// A coupon as a link of its campaign's chain.
macro_rules! select_issue {
    ($rest:literal) => {
        concat!("SELECT coupon_id, issue_number, user_id, issued_at FROM coupon ", $rest)
    };
}

macro_rules! select_trail {
    ($rest:literal) => {
        concat!(
            "SELECT trail_id, user_id, role, key_id, action, subject, reason, change_json, happened_at \
             FROM trail ",
            $rest
        )
    };
}

macro_rules! select_api_key {
    ($rest:literal) => {
        concat!(
            "SELECT key_id, hash, name, scopes, created_by, created_at, last_used_at, revoked_at \
             FROM api_key ",
            $rest
        )
    };
}

pub(crate) use {
    select_account, select_alert, select_answer, select_api_key, select_buyer, select_callback, select_campaign,
    select_card, select_coupon, select_customer, select_delivery, select_described, select_details, select_drop,
    select_drop_link, select_entry, select_issue, select_letter, select_letter_failure, select_line, select_login,
    select_mode_change, select_notification, select_notification_settings, select_order, select_outgoing,
    select_parked, select_parked_event, select_parked_failure, select_payment, select_product, select_relayed,
    select_request, select_shipment, select_storage, select_trail, select_user_coupon, select_webhook, select_written,
};
