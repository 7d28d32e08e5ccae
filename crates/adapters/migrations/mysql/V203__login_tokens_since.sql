-- Tokens of a user that were made before are worth nothing; NULL: the password was never changed.
ALTER TABLE login ADD COLUMN tokens_since BIGINT, ADD KEY login_tokens_since (tokens_since);
