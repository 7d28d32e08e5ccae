-- Endpoints of other systems that receive events.
CREATE TABLE webhook (
    webhook_id       INTEGER PRIMARY KEY,
    url              TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    event_types      TEXT    NOT NULL,       -- JSON; an empty list means all
    secret           TEXT    NOT NULL,
    old_secret       TEXT,
    old_secret_until INTEGER,
    ordered          INTEGER NOT NULL,
    rate_per_second  INTEGER,
    status           TEXT    NOT NULL,       -- ENABLED, DISABLED, REMOVED
    disabled_reason  TEXT,                   -- ADMIN, GONE, FAILING
    terms            TEXT    NOT NULL,       -- JSON: what it subscribed to, from which moment on
    deliveries       INTEGER NOT NULL,       -- so far; the next one has the number after it
    failing_since    INTEGER,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;

-- One event for one endpoint. The body is made from the event; only a test has its own.
CREATE TABLE webhook_delivery (
    webhook_id  INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    event_id    TEXT    NOT NULL,
    event_type  TEXT    NOT NULL,
    order_key   TEXT,                        -- the event's key, where deliveries are ordered
    shard       INTEGER,                     -- 0 here: events are found by their position
    seq         INTEGER,
    payload     TEXT,
    state       TEXT    NOT NULL,            -- PENDING, IN_PROGRESS, COMPLETED, FAILED, DEAD_LETTER
    tries       INTEGER NOT NULL,            -- since it was last scheduled
    attempts    INTEGER NOT NULL,
    due_at      INTEGER,                     -- while an attempt is under way, when it counts as lost
    last_status INTEGER,
    created_at  INTEGER NOT NULL,
    attempt_log TEXT    NOT NULL,            -- JSON
    PRIMARY KEY (webhook_id, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX webhook_delivery_event ON webhook_delivery (webhook_id, event_id);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_delivery_order ON webhook_delivery (webhook_id, order_key, number)
    WHERE order_key IS NOT NULL AND due_at IS NOT NULL;
