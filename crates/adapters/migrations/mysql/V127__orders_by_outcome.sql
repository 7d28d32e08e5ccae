-- Orders that did not complete, or not yet: few, and what operators look for. An order that completes in its first commit writes
-- the index once. It takes the place of the one for stuck orders.
ALTER TABLE orders
    DROP KEY stuck_order,
    DROP COLUMN is_stuck,
    ADD COLUMN not_completed VARCHAR(32) AS (IF(outcome = 'COMPLETED', NULL, outcome)) VIRTUAL,
    ADD KEY orders_by_outcome (not_completed);
