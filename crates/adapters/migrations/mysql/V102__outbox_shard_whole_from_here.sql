-- What is there already was chained by programs before.
UPDATE outbox_shard SET whole_from = seq + 1;
