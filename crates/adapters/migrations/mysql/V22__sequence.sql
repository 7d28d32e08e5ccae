-- The next number of each kind; numbers below it are taken.
CREATE TABLE sequence (
    name        VARCHAR(64) NOT NULL PRIMARY KEY,
    next_number BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
