-- A refund that was declined before is asked for again as soon as its answer is looked up.
INSERT INTO payment_v65 (order_id, attempt, method, amount, state, is_wanted, authorized, captured, refunded, refunding, owed,
    resolved, refunds, given_back, declines, owed_since, reference, refusal, ask, due_at, tries, created_at, updated_at)
SELECT order_id, attempt, method, amount, state, is_wanted, authorized, captured, refunded, refunding, 0,
    0, refunds, NULL, 0, CASE WHEN state IN ('VOIDING', 'REFUNDING') THEN updated_at END, reference, refusal, ask, due_at, tries,
    created_at, updated_at
FROM payment;
