-- The drop in which it is sold, or was sold last.
ALTER TABLE product ADD COLUMN drop_id BIGINT;
