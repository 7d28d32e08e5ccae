-- Situations that an operator should know of; each raised once and cleared once.
CREATE TABLE alert (
    alert_id       INTEGER PRIMARY KEY,
    alert_key      BLOB    NOT NULL,         -- the first half of the SHA-256 of code and scope
    code           TEXT    NOT NULL,
    scope          TEXT    NOT NULL,         -- tells open alerts of one code apart
    subject        TEXT    NOT NULL,
    severity       TEXT    NOT NULL,         -- warning, critical
    value          INTEGER NOT NULL,         -- in thousandths, as measured when it was raised
    threshold      INTEGER NOT NULL,         -- in thousandths
    since          INTEGER NOT NULL,
    cleared_at     INTEGER,
    reporter       INTEGER,                  -- the engine of the process that alone observes it
    reported_until INTEGER,
    next_try_at    INTEGER                   -- of an open breaker
) STRICT;

CREATE UNIQUE INDEX alert_open ON alert (alert_key) WHERE cleared_at IS NULL;
CREATE INDEX webhook_delivery_dead ON webhook_delivery (webhook_id) WHERE state = 'DEAD_LETTER';
