-- From before this moment, rows of a table may have been deleted.
CREATE TABLE pruned (
    kind      VARCHAR(64) PRIMARY KEY,  -- the table
    before_at BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
