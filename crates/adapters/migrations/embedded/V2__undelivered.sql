-- Keys of which a consumer group could not handle the first event: what comes later waits behind it, in order.
CREATE TABLE parked_key (
    consumer_group  TEXT    NOT NULL,
    topic           TEXT    NOT NULL,
    key_hash        BLOB    NOT NULL,          -- the first 16 bytes of the key's SHA-256
    event_key       TEXT    NOT NULL,
    due_at          INTEGER NOT NULL,          -- when the first event is tried again
    first_number    INTEGER NOT NULL,          -- the events that wait: from here
    next_number     INTEGER NOT NULL,          -- up to here, without it
    run             INTEGER NOT NULL,          -- so many are tried at once
    attempts        INTEGER NOT NULL,          -- failures of the first event; 0 when it only waited
    error           TEXT,
    first_failed_at INTEGER,
    last_failed_at  INTEGER,
    PRIMARY KEY (consumer_group, topic, key_hash),
    CHECK (first_number < next_number),
    CHECK ((attempts = 0) = (error IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE parked_event (
    consumer_group TEXT    NOT NULL,
    topic          TEXT    NOT NULL,
    key_hash       BLOB    NOT NULL,
    number         INTEGER NOT NULL,
    partition      INTEGER NOT NULL,           -- where it was brought from
    log_offset     INTEGER NOT NULL,
    event_id       TEXT    NOT NULL,
    event_key      TEXT    NOT NULL,
    type           TEXT    NOT NULL,
    payload        TEXT    NOT NULL,
    occurred_at    INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, topic, key_hash, number)
) STRICT, WITHOUT ROWID;

-- Events that a consumer group has given up.
CREATE TABLE dead_letter (
    letter_id       INTEGER PRIMARY KEY,
    consumer_group  TEXT    NOT NULL,
    topic           TEXT    NOT NULL,
    partition       INTEGER NOT NULL,
    log_offset      INTEGER NOT NULL,
    event_id        TEXT    NOT NULL,
    event_key       TEXT    NOT NULL,
    type            TEXT    NOT NULL,
    payload         TEXT    NOT NULL,
    occurred_at     INTEGER NOT NULL,
    status          TEXT    NOT NULL,          -- SCHEDULED, PERMANENT, HANDLED, DROPPED
    attempts        INTEGER NOT NULL,
    error           TEXT    NOT NULL,          -- of the last attempt
    first_failed_at INTEGER NOT NULL,
    last_failed_at  INTEGER NOT NULL,
    resends         INTEGER NOT NULL,
    due_at          INTEGER,                   -- when it is sent again
    acts            TEXT    NOT NULL,          -- JSON: what operators did to it, and why
    CHECK ((status = 'SCHEDULED') = (due_at IS NOT NULL))
) STRICT;
CREATE INDEX dead_letter_due ON dead_letter (due_at) WHERE due_at IS NOT NULL;
