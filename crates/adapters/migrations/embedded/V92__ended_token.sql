-- Tokens that their users ended by logging out; a row goes when its token would have expired.
CREATE TABLE ended_token (
    mark       INTEGER PRIMARY KEY,   -- the first 64 bits of the SHA-256 of what the issuer signed
    ended_at   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX ended_token_ended_at ON ended_token (ended_at);
CREATE INDEX ended_token_expires_at ON ended_token (expires_at);
