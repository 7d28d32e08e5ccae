-- What was given back of a day's sales since; the ranking tells the difference.
ALTER TABLE product_sales ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;
