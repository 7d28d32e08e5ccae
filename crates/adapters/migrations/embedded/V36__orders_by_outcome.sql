-- Orders that did not complete, or not yet: few, and what operators look for. An order that completes in its first commit never
-- touches the index. It takes the place of the one for stuck orders.
CREATE INDEX orders_by_outcome ON orders (outcome) WHERE outcome <> 'COMPLETED';
DROP INDEX stuck_order;
