-- The drop that counts the units of the line.
ALTER TABLE order_line ADD COLUMN drop_id BIGINT;
