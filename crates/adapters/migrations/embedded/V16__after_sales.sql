-- What was said and agreed of an order that is taken back: reasons, a refund that waits for the shop, units that are to arrive.
ALTER TABLE orders ADD COLUMN after_sales TEXT;       -- JSON; empty of most orders
-- When the order was completed; empty of orders that were completed before this was kept.
ALTER TABLE orders ADD COLUMN completed_at INTEGER;
