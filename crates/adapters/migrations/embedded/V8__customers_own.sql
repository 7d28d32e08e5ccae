-- What is a customer's own stands in his one row. Customers come in no order, so every table, and every index, that is found by
-- the customer costs a page of the log for each of them.
ALTER TABLE customer ADD COLUMN points INTEGER CHECK (points >= 0);      -- empty until the first charge
ALTER TABLE customer ADD COLUMN coupons TEXT NOT NULL DEFAULT '';        -- ' campaign.nth=coupon' for each, the oldest first

UPDATE customer SET points = account.balance FROM points_account AS account WHERE account.user_id = customer.user_id;
DROP TABLE points_account;
CREATE VIEW points_account AS SELECT user_id, points AS balance FROM customer WHERE points IS NOT NULL;

UPDATE customer SET coupons = held.coupons
FROM (SELECT user_id, group_concat(' ' || campaign_id || '.' || nth || '=' || coupon_id, '' ORDER BY coupon_id) AS coupons
      FROM coupon GROUP BY user_id) AS held
WHERE held.user_id = customer.user_id;

-- The same table without an index on the user. That no user has his first coupon of a campaign twice is seen to where
-- `customer.coupons` is written.
CREATE TABLE coupon_anew (
    coupon_id          INTEGER PRIMARY KEY,
    code               TEXT    NOT NULL,     -- the userCouponId that its owner sees
    campaign_id        INTEGER NOT NULL,
    user_id            INTEGER NOT NULL,
    nth                INTEGER NOT NULL,     -- of this user's coupons of this campaign, from 1
    issue_number       INTEGER NOT NULL,     -- of the campaign's coupons, from 1 without gap
    used_order_id      INTEGER,
    issued_at          INTEGER NOT NULL,
    previous_coupon_id INTEGER,
    UNIQUE (campaign_id, issue_number)
) STRICT;
INSERT INTO coupon_anew SELECT * FROM coupon ORDER BY coupon_id;
DROP TABLE coupon;
ALTER TABLE coupon_anew RENAME TO coupon;
