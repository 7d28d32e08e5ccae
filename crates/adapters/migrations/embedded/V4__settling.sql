-- What an order's customer pays: one payment for each order that waits for money, attempted again after a refusal.
CREATE TABLE payment (
    order_id   INTEGER PRIMARY KEY,
    attempt    INTEGER NOT NULL,         -- from 1
    method     TEXT    NOT NULL,         -- CARD, ACCOUNT, GENERAL
    amount     INTEGER NOT NULL CHECK (amount > 0),
    state      TEXT    NOT NULL,         -- AUTHORIZING, CAPTURING, CAPTURED, DECLINED, VOIDING, VOIDED, REFUNDING, REFUNDED
    is_wanted  INTEGER NOT NULL CHECK (is_wanted BETWEEN 0 AND 1),  -- 0: its order was taken back, so the money goes back
    authorized INTEGER NOT NULL,
    captured   INTEGER NOT NULL,
    refunded   INTEGER NOT NULL,
    refunding  INTEGER NOT NULL,         -- what the refund under way gives back
    refunds    INTEGER NOT NULL,         -- of this attempt so far, counting the one under way
    reference  TEXT,                     -- the provider's own name of the payment
    refusal    TEXT,                     -- why the last attempt was refused
    ask        TEXT,                     -- DO, LOOK_UP: how the provider is asked next, if there is anything to ask
    due_at     INTEGER,                  -- when
    tries      INTEGER,                  -- answers to that so far which settled nothing
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (authorized >= captured AND captured >= refunded + refunding AND refunded >= 0 AND refunding >= 0),
    CHECK ((ask IS NULL) = (due_at IS NULL)),
    CHECK ((ask IS NULL) = (state IN ('CAPTURED', 'DECLINED', 'VOIDED', 'REFUNDED')))
) STRICT;
CREATE INDEX payment_due ON payment (due_at) WHERE due_at IS NOT NULL;

-- What payment providers told by themselves, each once.
CREATE TABLE payment_callback (
    callback_key BLOB    PRIMARY KEY,    -- SHA-256 of the provider's name and its name of what it told
    provider     TEXT    NOT NULL,
    event_id     TEXT    NOT NULL,
    taken_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The goods of an order on their way to its receiver.
CREATE TABLE shipment (
    order_id        INTEGER PRIMARY KEY,
    state           TEXT    NOT NULL,    -- PENDING, SHIPPED, IN_TRANSIT, OUT_FOR_DELIVERY, DELIVERED, RETURNED, CANCELED, …
    receiver        TEXT    NOT NULL,    -- JSON
    tracking_number TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

-- The goods of an order that are kept for its customer.
CREATE TABLE warehouse_storage (
    order_id   INTEGER PRIMARY KEY,
    state      TEXT    NOT NULL,         -- IN_STORAGE, ASSOCIATED_WITH_ORDER, REMOVED_FROM_STORAGE, ON_AUCTION, SOLD
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
