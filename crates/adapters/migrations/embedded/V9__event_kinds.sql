-- Four words of every event are those of thousands of others, and its id was written out. Each set of words stands once now, in
-- event_kind, and the id is its 16 bytes, so that an event takes three quarters of the room. `event` shows what it always did.
CREATE TABLE event_kind (
    kind          INTEGER PRIMARY KEY,
    aggregatetype TEXT NOT NULL,
    type          TEXT NOT NULL,
    topic         TEXT NOT NULL,
    cause         TEXT NOT NULL,             -- the command or event that led to it
    UNIQUE (type, cause, aggregatetype, topic)
) STRICT;

-- Everything that ever happened, in commit order: the outbox and the history. Rows are only ever added.
CREATE TABLE event_row (
    position    INTEGER PRIMARY KEY,
    kind        INTEGER NOT NULL,
    id          BLOB    NOT NULL,            -- UUID
    aggregateid TEXT    NOT NULL,
    payload     TEXT    NOT NULL,            -- JSON
    event_key   TEXT    NOT NULL,
    shard       INTEGER NOT NULL,
    seq         INTEGER NOT NULL,            -- in its shard, from 1 without gap
    order_id    INTEGER,                     -- found through order_event_run
    version     INTEGER,                     -- the order's, where the event is one of the order's own
    occurred_at INTEGER NOT NULL
) STRICT;

INSERT INTO event_kind (aggregatetype, type, topic, cause) SELECT DISTINCT aggregatetype, type, topic, cause FROM event;
INSERT INTO event_row (position, kind, id, aggregateid, payload, event_key, shard, seq, order_id, version, occurred_at)
    SELECT position, kind, unhex(id, '-'), aggregateid, payload, event_key, shard, seq, order_id, version, occurred_at
    FROM event CROSS JOIN event_kind AS known USING (type, cause, aggregatetype, topic) ORDER BY position;
DROP TABLE event;

-- What is not asked for is not looked up.
CREATE VIEW event AS SELECT
    position,
    lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4)
        || '-' || substr(hex(id), 21)) AS id,
    (SELECT aggregatetype FROM event_kind WHERE event_kind.kind = event_row.kind) AS aggregatetype,
    aggregateid,
    (SELECT type FROM event_kind WHERE event_kind.kind = event_row.kind) AS type,
    payload,
    (SELECT topic FROM event_kind WHERE event_kind.kind = event_row.kind) AS topic,
    event_key,
    shard,
    seq,
    order_id,
    version,
    (SELECT cause FROM event_kind WHERE event_kind.kind = event_row.kind) AS cause,
    occurred_at
FROM event_row;
