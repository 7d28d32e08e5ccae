-- The W3C trace context of the request that caused an event; NULL where no traced request did.
ALTER TABLE event_row ADD COLUMN traceparent TEXT;
ALTER TABLE parked_event ADD COLUMN traceparent TEXT;
ALTER TABLE dead_letter ADD COLUMN traceparent TEXT;

DROP VIEW event;
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
    occurred_at,
    traceparent
FROM event_row;
