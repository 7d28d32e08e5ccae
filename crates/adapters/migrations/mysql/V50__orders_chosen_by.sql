-- Which rule chose the mode of an order; empty where the mode was named: adaptive, gradual.
ALTER TABLE orders ADD COLUMN chosen_by VARCHAR(16);
