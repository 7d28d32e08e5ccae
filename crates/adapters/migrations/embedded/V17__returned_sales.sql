-- What was given back of a day's sales since; the ranking tells the difference.
ALTER TABLE product_sales ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;

-- The ranking and the notices take in what is given back from here on: what was before is not missing.
INSERT INTO offset_skip (consumer_group, topic, partition, from_position, to_position, skipped_at)
SELECT consumer_group, topic, partition, 0, position, CAST(unixepoch('subsec') * 1000000 AS INTEGER) FROM consumer_offset
WHERE consumer_group IN ('notice-group', 'ranking-group');
