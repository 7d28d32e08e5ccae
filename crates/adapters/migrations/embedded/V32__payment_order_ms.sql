-- When the payment's order was placed, in milliseconds since 1970, as the payment's keys say it; NULL for attempts begun before keys
-- contained it.
ALTER TABLE payment ADD COLUMN order_ms INTEGER;
