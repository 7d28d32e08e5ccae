-- The notice group reacts to CompensationStuck from here on; what it went past before, it was not asked for.
INSERT INTO offset_skip (consumer_group, topic, partition, from_position, to_position, skipped_at)
SELECT consumer_group, topic, partition, 0, position, CAST(unixepoch('subsec') * 1000000 AS INTEGER) FROM consumer_offset
WHERE consumer_group = 'notice-group' AND EXISTS (SELECT 1 FROM event_kind WHERE type = 'CompensationStuck');
