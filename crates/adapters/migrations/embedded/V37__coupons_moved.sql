-- A customer's row names the coupons, so it grows with them and is written whole with every change. Beyond some of them, the
-- row's coupons move here.
CREATE TABLE customer_coupon (
    user_id     INTEGER NOT NULL,
    campaign_id INTEGER NOT NULL,
    nth         INTEGER NOT NULL,            -- of this user's coupons of this campaign, from 1
    coupon_id   INTEGER NOT NULL,
    PRIMARY KEY (user_id, campaign_id, nth)
) STRICT, WITHOUT ROWID;
ALTER TABLE customer ADD COLUMN coupons_moved INTEGER NOT NULL DEFAULT 0;   -- how many of the coupons are there, not in the row
