-- What an admin told that provider to do. The one row is the lock of its book.
CREATE TABLE scripted_script (
    id     BIGINT PRIMARY KEY,
    script VARCHAR(32),  -- nothing: what amounts say
    deed   VARCHAR(16),  -- only for this one
    times  BIGINT        -- so often; always without it
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
