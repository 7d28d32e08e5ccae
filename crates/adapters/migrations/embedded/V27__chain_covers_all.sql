-- From this number on, the chain of a shard's events covers everything that is told of an event; before it, identity, type and payload.
ALTER TABLE outbox_shard ADD COLUMN whole_from INTEGER NOT NULL DEFAULT 1;
UPDATE outbox_shard SET whole_from = seq + 1;
