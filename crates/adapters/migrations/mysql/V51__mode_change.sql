-- Every change of the mode setting: the newest is in force, all of them are the record.
CREATE TABLE mode_change (
    version        BIGINT       NOT NULL PRIMARY KEY,
    choice         VARCHAR(16)  NOT NULL,  -- parallel, sequential, adaptive, gradual, atomic, sync
    percent        TINYINT      NOT NULL,  -- of the users, in parallel, under gradual
    choice_before  VARCHAR(16)  NOT NULL,
    percent_before TINYINT      NOT NULL,
    changed_by     BIGINT,                 -- the admin; empty where the canary rule did it
    reason         TEXT         NOT NULL,
    changed_at     BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
