CREATE TABLE coupon (
    coupon_id          BIGINT      PRIMARY KEY,
    code               VARCHAR(32) NOT NULL,  -- the userCouponId that its owner sees
    campaign_id        BIGINT      NOT NULL,
    user_id            BIGINT      NOT NULL,
    nth                BIGINT      NOT NULL,  -- of this user's coupons of this campaign, from 1
    issue_number       BIGINT      NOT NULL,  -- of the campaign's coupons, from 1 without gap
    used_order_id      BIGINT,
    issued_at          BIGINT      NOT NULL,
    previous_coupon_id BIGINT,
    UNIQUE KEY coupon_holding (campaign_id, user_id, nth)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
