CREATE TABLE campaign (
    campaign_id         BIGINT       PRIMARY KEY,
    name                VARCHAR(255) NOT NULL,
    discount_type       VARCHAR(16)  NOT NULL,  -- FIXED: won; PERCENT: of the items' total
    discount_value      BIGINT       NOT NULL,
    discount_max_amount BIGINT,
    quantity            BIGINT       NOT NULL,
    issued              BIGINT       NOT NULL,  -- also the last issue number
    issue_per_user_max  BIGINT       NOT NULL,
    issue_starts_at     BIGINT       NOT NULL,
    issue_ends_at       BIGINT       NOT NULL,
    valid_until         BIGINT       NOT NULL,
    issue_mode          VARCHAR(16)  NOT NULL,  -- direct, queued
    queue_key           VARCHAR(16)  NOT NULL,  -- campaign, user
    paused              BIGINT       NOT NULL CHECK (paused IN (0, 1)),
    created_at          BIGINT       NOT NULL,
    updated_at          BIGINT       NOT NULL,
    CHECK (issued >= 0 AND issued <= quantity)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
