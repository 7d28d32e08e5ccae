-- The ranking and the notices take in what is given back from here on: what was before is not missing.
INSERT INTO offset_skip (consumer_group, topic, `partition`, from_position, to_position, skipped_at)
SELECT consumer_group, topic, `partition`, 0, position, CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) FROM consumer_offset
WHERE consumer_group IN ('notice-group', 'ranking-group');
