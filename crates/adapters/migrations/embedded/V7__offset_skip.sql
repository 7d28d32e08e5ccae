-- Where groups went on without taking in what lies between: moved by hand, or because reactions had run inline meanwhile. The
-- audit does not hold it against them.
CREATE TABLE offset_skip (
    skip_id        INTEGER PRIMARY KEY,
    consumer_group TEXT    NOT NULL,
    topic          TEXT    NOT NULL,
    partition      INTEGER NOT NULL,
    from_position  INTEGER NOT NULL,
    to_position    INTEGER NOT NULL,
    skipped_at     INTEGER NOT NULL
) STRICT;

-- What groups went past before that was written down, nobody can tell.
INSERT INTO offset_skip (consumer_group, topic, partition, from_position, to_position, skipped_at)
SELECT consumer_group, topic, partition, 0, position, CAST(unixepoch('subsec') * 1000000 AS INTEGER) FROM consumer_offset;
