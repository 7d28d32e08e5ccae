-- Sales with a beginning, an end, and limits for each customer.
CREATE TABLE drops (
    drop_id  BIGINT     PRIMARY KEY,
    turns_at BIGINT,               -- when it opens or closes next
    body     MEDIUMTEXT NOT NULL,  -- JSON
    KEY drops_turn (turns_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
