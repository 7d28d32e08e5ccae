-- Tokens that their users ended by logging out; a row goes when its token would have expired.
CREATE TABLE ended_token (
    mark       BIGINT PRIMARY KEY,  -- the first 64 bits of the SHA-256 of what the issuer signed
    ended_at   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    KEY ended_token_ended_at (ended_at),
    KEY ended_token_expires_at (expires_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
