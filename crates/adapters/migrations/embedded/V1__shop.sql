-- The whole shop, in tables that a person can read.
--
-- Every `…_at` is microseconds since 1970-01-01T00:00:00Z:  datetime(created_at / 1000000, 'unixepoch').
-- Money and points are whole won. States and reasons are the words of the API.
-- Lists such as a user's orders are chains: the newest is named in `customer`, each row names the one before it. An index
-- on (user, order) would be a random insert into a large tree with every order.
-- Reading refuses words that it does not know, so no CHECK lists them: SQLite would build that list anew per row.

CREATE TABLE product (
    product_id  INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL,
    price       INTEGER NOT NULL CHECK (price >= 0),
    status      TEXT    NOT NULL,            -- ON_SALE, PAUSED, DISCONTINUED
    on_hand     INTEGER NOT NULL,
    reserved    INTEGER NOT NULL,            -- held by orders that are not complete
    received    INTEGER NOT NULL,            -- units that ever came in
    sold        INTEGER NOT NULL CHECK (sold >= 0),
    written_off INTEGER NOT NULL CHECK (written_off >= 0),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    CHECK (reserved >= 0 AND on_hand >= reserved),
    CHECK (received = on_hand + sold + written_off)
) STRICT;

-- Deliveries (positive) and write-offs (negative).
CREATE TABLE stock_receipt (
    receipt_id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL,
    delta      INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE campaign (
    campaign_id         INTEGER PRIMARY KEY,
    name                TEXT    NOT NULL,
    discount_type       TEXT    NOT NULL,    -- FIXED: won; PERCENT: of the items' total
    discount_value      INTEGER NOT NULL,
    discount_max_amount INTEGER,
    quantity            INTEGER NOT NULL,
    issued              INTEGER NOT NULL,    -- also the last issue number
    issue_per_user_max  INTEGER NOT NULL,
    issue_starts_at     INTEGER NOT NULL,
    issue_ends_at       INTEGER NOT NULL,
    valid_until         INTEGER NOT NULL,
    issue_mode          TEXT    NOT NULL,    -- direct, queued
    queue_key           TEXT    NOT NULL,    -- campaign, user
    paused              INTEGER NOT NULL CHECK (paused BETWEEN 0 AND 1),
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    CHECK (issued >= 0 AND issued <= quantity)
) STRICT;

CREATE TABLE coupon (
    coupon_id          INTEGER PRIMARY KEY,
    code               TEXT    NOT NULL,     -- the userCouponId that its owner sees
    campaign_id        INTEGER NOT NULL,
    user_id            INTEGER NOT NULL,
    nth                INTEGER NOT NULL,     -- of this user's coupons of this campaign, from 1
    issue_number       INTEGER NOT NULL,     -- of the campaign's coupons, from 1 without gap
    used_order_id      INTEGER,
    issued_at          INTEGER NOT NULL,
    previous_coupon_id INTEGER,
    UNIQUE (campaign_id, user_id, nth)
) STRICT;

-- A person known to the shop, and the newest of everything that is his.
CREATE TABLE customer (
    user_id        INTEGER PRIMARY KEY,
    last_order_id  INTEGER,
    last_coupon_id INTEGER,
    last_entry_id  INTEGER,
    last_notice_id INTEGER,
    notices        INTEGER NOT NULL,         -- how many notices he was ever sent
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE login (
    user_id       INTEGER PRIMARY KEY,
    email_key     BLOB    NOT NULL UNIQUE,   -- SHA-256 of the address in lower case
    email         TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    role          TEXT    NOT NULL           -- customer, admin
) STRICT;

CREATE TABLE points_account (
    user_id INTEGER PRIMARY KEY,
    balance INTEGER NOT NULL CHECK (balance >= 0)
) STRICT;

-- Double entry: `amount` goes from one account to another. 0: points that were bought; -1: points that orders spent.
CREATE TABLE points_entry (
    entry_id          INTEGER PRIMARY KEY,
    user_id           INTEGER NOT NULL,
    from_account      INTEGER NOT NULL,
    to_account        INTEGER NOT NULL,
    amount            INTEGER NOT NULL CHECK (amount >= 0),
    kind              TEXT    NOT NULL,      -- CHARGED, DEDUCTED, RESTORED
    order_id          INTEGER,
    balance           INTEGER NOT NULL,      -- the user's balance afterwards
    previous_entry_id INTEGER,
    created_at        INTEGER NOT NULL
) STRICT;

CREATE TABLE orders (
    order_id           INTEGER PRIMARY KEY,
    order_number       TEXT    NOT NULL,     -- what the customer sees; made of order_id, so it has no index
    user_id            INTEGER NOT NULL,
    outcome            TEXT    NOT NULL,     -- PENDING, AWAITING_PAYMENT, COMPLETED, COMPENSATING, CANCELLED, COMPENSATION_STUCK
    status             TEXT    NOT NULL,     -- CREATED, PENDING_PAYMENT, PAYMENT_COMPLETED, PREPARING, …
    reason             TEXT,                 -- why it was, or will be, cancelled
    is_restoring       INTEGER NOT NULL CHECK (is_restoring BETWEEN 0 AND 1),
    mode               TEXT    NOT NULL,     -- parallel, atomic
    payment            TEXT    NOT NULL,     -- PREPAID, ON_DELIVERY
    pay_within_us      INTEGER NOT NULL,
    pay_before_at      INTEGER,
    total              INTEGER NOT NULL,     -- of the items; total = discount + points + amount_due
    discount           INTEGER NOT NULL CHECK (discount >= 0),
    points             INTEGER NOT NULL CHECK (points >= 0),
    amount_due         INTEGER NOT NULL CHECK (amount_due >= 0),
    campaign_id        INTEGER,              -- of the coupon that the order wants to use
    coupon_id          INTEGER,              -- that very coupon; without it, the oldest usable one
    coupon_state       TEXT,                 -- REQUESTED, COMPLETED, FAILED, RESTORED
    coupon_reason      TEXT,
    coupon_at          INTEGER,
    point_state        TEXT,
    point_reason       TEXT,
    point_at           INTEGER,
    receiver           TEXT,                 -- JSON
    warehouse_storage  INTEGER NOT NULL CHECK (warehouse_storage BETWEEN 0 AND 1),
    is_processing      INTEGER NOT NULL CHECK (is_processing BETWEEN 0 AND 1),  -- being paid and sent in one step
    version            INTEGER NOT NULL,     -- the order's own events so far
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    previous_order_id  INTEGER,
    CHECK (total = discount + points + amount_due),
    CHECK ((campaign_id IS NULL) = (coupon_state IS NULL)),
    CHECK ((points = 0) = (point_state IS NULL))
) STRICT;

CREATE TABLE order_line (
    order_id     INTEGER NOT NULL,
    line_no      INTEGER NOT NULL,           -- from 1
    product_id   INTEGER NOT NULL,
    name         TEXT    NOT NULL,           -- as it was when the order was placed
    quantity     INTEGER NOT NULL CHECK (quantity > 0),
    unit_price   INTEGER NOT NULL,
    stock_state  TEXT    NOT NULL,           -- REQUESTED, COMPLETED, FAILED, RESTORED
    stock_reason TEXT,
    stock_at     INTEGER NOT NULL,
    returned     INTEGER NOT NULL CHECK (returned BETWEEN 0 AND quantity),  -- units that came back
    PRIMARY KEY (order_id, line_no)
) STRICT, WITHOUT ROWID;

-- What a participant did for an order that is not settled. `product_id` is 0 where the step is not about a product.
CREATE TABLE claim (
    order_id   INTEGER NOT NULL,
    step       TEXT    NOT NULL,             -- STOCK, COUPON, POINT
    product_id INTEGER NOT NULL,
    state      TEXT    NOT NULL,             -- HELD, REFUSED, RELEASED
    reason     TEXT,
    PRIMARY KEY (order_id, step, product_id),
    CHECK ((state = 'REFUSED') = (reason IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- The next moment at which a live order is looked at.
CREATE TABLE timer (
    order_id INTEGER PRIMARY KEY,
    due_at   INTEGER NOT NULL,
    kind     TEXT    NOT NULL,               -- CLAIMS, RESTORATIONS, PAYMENT
    asked    INTEGER NOT NULL                -- how often restorations were asked for
) STRICT;
CREATE INDEX timer_due ON timer (due_at);

CREATE TABLE coupon_request (
    request_id   INTEGER PRIMARY KEY,
    user_id      INTEGER NOT NULL,
    campaign_id  INTEGER NOT NULL,
    status       TEXT    NOT NULL,           -- PENDING, COMPLETED, FAILED, NOTIFIED
    result_code  TEXT,
    coupon_id    INTEGER,
    coupon_code  TEXT,
    issue_number INTEGER,
    quantity     INTEGER,                    -- the campaign's, when it was decided
    decided_at   INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    CHECK ((status = 'PENDING') = (result_code IS NULL)),
    CHECK ((result_code IS NULL) = (decided_at IS NULL)),
    CHECK ((coupon_id IS NULL) = (issue_number IS NULL))
) STRICT;

-- Answers given before, in the order in which they were given.
CREATE TABLE idempotency (
    idempotency_id INTEGER PRIMARY KEY,
    key            BLOB    NOT NULL UNIQUE,  -- SHA-256 of user, route and key
    fingerprint    BLOB    NOT NULL,         -- SHA-256 of the request's body
    answer         TEXT    NOT NULL,         -- JSON
    answered_at    INTEGER NOT NULL
) STRICT;

-- Everything that ever happened, in commit order: the outbox and the history. Rows are only ever added.
CREATE TABLE event (
    position      INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL,          -- UUID
    aggregatetype TEXT    NOT NULL,
    aggregateid   TEXT    NOT NULL,
    type          TEXT    NOT NULL,
    payload       TEXT    NOT NULL,          -- JSON
    topic         TEXT    NOT NULL,
    event_key     TEXT    NOT NULL,
    shard         INTEGER NOT NULL,
    seq           INTEGER NOT NULL,          -- in its shard, from 1 without gap
    order_id      INTEGER,                   -- found through order_event_run
    version       INTEGER,                   -- the order's, where the event is one of the order's own
    cause         TEXT    NOT NULL,          -- the command or event that led to it
    occurred_at   INTEGER NOT NULL
) STRICT;
-- Under the log executor there is also event_of_shard, on (shard, seq). Nobody else asks for it, and each entry would be
-- one more insert at one of sixteen places.

-- Where an order's events stand: mostly all in one run, because they were decided in one commit.
CREATE TABLE order_event_run (
    order_id       INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    last_position  INTEGER NOT NULL,
    PRIMARY KEY (order_id, first_position)
) STRICT, WITHOUT ROWID;

-- The last event of each shard. `hash` covers all events of the shard up to here.
CREATE TABLE outbox_shard (
    shard INTEGER PRIMARY KEY,
    seq   INTEGER NOT NULL,
    hash  BLOB    NOT NULL
) STRICT;

-- The same as it stood after the last commit of each UTC day in which the shard took an event.
CREATE TABLE daily_root (
    day   TEXT    NOT NULL,                  -- 2026-11-21
    shard INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    hash  BLOB    NOT NULL,
    PRIMARY KEY (day, shard)
) STRICT, WITHOUT ROWID;

-- The first offset that a consumer group has not taken in. The shop's own log has no topics: ''.
CREATE TABLE consumer_offset (
    consumer_group TEXT    NOT NULL,
    topic          TEXT    NOT NULL,
    partition      INTEGER NOT NULL,
    position       INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)
) STRICT, WITHOUT ROWID;

-- Events that a group has taken in, where the domain does not see the repeat by itself.
CREATE TABLE inbox (
    consumer_group TEXT    NOT NULL,
    event_id       TEXT    NOT NULL,
    taken_at       INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, event_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
    notice_id          INTEGER PRIMARY KEY,
    user_id            INTEGER NOT NULL,
    number             INTEGER NOT NULL,     -- of this user's notices, from 1 without gap
    kind               TEXT    NOT NULL,
    data               TEXT    NOT NULL,     -- JSON
    previous_notice_id INTEGER,
    created_at         INTEGER NOT NULL
) STRICT;

-- Units sold by completed orders. `day` counts from 1970-01-01:  date(day * 86400, 'unixepoch').
CREATE TABLE product_sales (
    day        INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    sold       INTEGER NOT NULL,
    PRIMARY KEY (day, product_id)
) STRICT, WITHOUT ROWID;

-- The next number of each kind; numbers below it are taken.
CREATE TABLE sequence (
    name        TEXT    NOT NULL PRIMARY KEY,
    next_number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last commit of each engine, by which it learns the outcome of a commit that it lost sight of.
CREATE TABLE engine_commit (
    engine       INTEGER PRIMARY KEY,
    number       INTEGER NOT NULL,
    committed_at INTEGER NOT NULL
) STRICT;

-- codec_key: 16 random bytes under which ids become codes. openings: engines that ever wrote here.
-- app_version: the last program that opened the store.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value ANY  NOT NULL
) STRICT, WITHOUT ROWID;
