-- The secrets of a removed endpoint sign nothing any more, so they are not kept.
UPDATE webhook SET secret = '', old_secret = NULL, old_secret_until = NULL WHERE status = 'REMOVED';
