CREATE TABLE coupon_request (
    request_id   BIGINT      PRIMARY KEY,
    user_id      BIGINT      NOT NULL,
    campaign_id  BIGINT      NOT NULL,
    status       VARCHAR(32) NOT NULL,  -- PENDING, COMPLETED, FAILED, NOTIFIED
    result_code  VARCHAR(32),
    coupon_id    BIGINT,
    coupon_code  VARCHAR(32),
    issue_number BIGINT,
    quantity     BIGINT,                -- the campaign's, when it was decided
    decided_at   BIGINT,
    created_at   BIGINT      NOT NULL,
    updated_at   BIGINT      NOT NULL,
    CHECK ((status = 'PENDING') = (result_code IS NULL)),
    CHECK ((result_code IS NULL) = (decided_at IS NULL)),
    CHECK ((coupon_id IS NULL) = (issue_number IS NULL))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
