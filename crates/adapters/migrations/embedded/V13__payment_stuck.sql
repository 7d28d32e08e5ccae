-- Money that goes back is tried again under new keys, waits for an operator when that does not help, and is settled by one.
CREATE TABLE payment_v13 (
    order_id             INTEGER PRIMARY KEY,
    attempt              INTEGER NOT NULL,         -- from 1
    method               TEXT    NOT NULL,         -- CARD, ACCOUNT, GENERAL
    amount               INTEGER NOT NULL CHECK (amount > 0),
    state                TEXT    NOT NULL,         -- AUTHORIZING, CAPTURING, CAPTURED, DECLINED, VOIDING, VOIDED, REFUNDING, REFUNDED, STUCK
    is_wanted            INTEGER NOT NULL CHECK (is_wanted BETWEEN 0 AND 1),  -- 0: its order was taken back, so the money goes back
    authorized           INTEGER NOT NULL,
    captured             INTEGER NOT NULL,
    refunded             INTEGER NOT NULL,
    refunding            INTEGER NOT NULL,         -- what the refund under way gives back
    owed                 INTEGER NOT NULL,         -- what is given back after that
    resolved             INTEGER NOT NULL,         -- what operators gave back without the provider
    refunds              INTEGER NOT NULL,         -- of this attempt so far, counting the one under way
    given_back           TEXT,                     -- JSON: the refunds that were made
    declines             INTEGER NOT NULL,         -- of the refund or the void under way
    owed_since           INTEGER,                  -- since when the customer waits for money
    reference            TEXT,                     -- the provider's own name of the payment
    refusal              TEXT,                     -- why the last attempt was refused
    last_error           TEXT,                     -- why the provider declined to give back
    resolved_by          INTEGER,                  -- how an operator settled what was stuck, the last time
    resolved_at          INTEGER,
    resolution_reason    TEXT,
    resolution_reference TEXT,
    ask                  TEXT,                     -- DO, LOOK_UP: how the provider is asked next, if there is anything to ask
    due_at               INTEGER,                  -- when; not before the request has reached its consumer group
    tries                INTEGER,                  -- answers to that so far which settled nothing
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    CHECK (authorized >= captured AND captured >= refunded + refunding + owed + resolved),
    CHECK (refunded >= 0 AND refunding >= 0 AND owed >= 0 AND resolved >= 0),
    CHECK (due_at IS NULL OR ask IS NOT NULL),
    CHECK ((ask IS NULL) = (state IN ('CAPTURED', 'DECLINED', 'VOIDED', 'REFUNDED', 'STUCK')))
) STRICT;

-- A refund that was declined before is asked for again as soon as its answer is looked up.
INSERT INTO payment_v13 (order_id, attempt, method, amount, state, is_wanted, authorized, captured, refunded, refunding, owed,
        resolved, refunds, given_back, declines, owed_since, reference, refusal, ask, due_at, tries, created_at, updated_at)
    SELECT order_id, attempt, method, amount, state, is_wanted, authorized, captured, refunded, refunding, 0,
        0, refunds, NULL, 0, CASE WHEN state IN ('VOIDING', 'REFUNDING') THEN updated_at END, reference, refusal, ask, due_at, tries,
        created_at, updated_at
    FROM payment;
DROP TABLE payment;
ALTER TABLE payment_v13 RENAME TO payment;
CREATE INDEX payment_due ON payment (due_at) WHERE due_at IS NOT NULL;
-- What operators look for is found among all others.
CREATE INDEX payment_stuck ON payment (order_id) WHERE state = 'STUCK';
