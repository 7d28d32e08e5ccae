-- Keys with which programs call the admin paths.
CREATE TABLE api_key (
    key_id       INTEGER PRIMARY KEY,
    hash         BLOB    NOT NULL UNIQUE,   -- SHA-256 of the secret
    name         TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,          -- JSON
    created_by   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,                   -- accurate to a minute
    revoked_at   INTEGER
) STRICT;

-- Tokens of a user that were made before are worth nothing; NULL: the password was never changed.
ALTER TABLE login ADD COLUMN tokens_since INTEGER;

CREATE INDEX login_tokens_since ON login (tokens_since) WHERE tokens_since IS NOT NULL;
