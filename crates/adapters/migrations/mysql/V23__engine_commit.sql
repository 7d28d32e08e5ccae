-- The last commit of each engine, by which it learns the outcome of a commit that it lost sight of. A row without a moment
-- says that this commit will never happen: whoever comes first, the commit or the engine that gave it up, takes the row.
CREATE TABLE engine_commit (
    engine       BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    committed_at BIGINT,
    PRIMARY KEY (engine, number),
    KEY engine_commit_latest (committed_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
