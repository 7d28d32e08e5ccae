-- Orders whose compensation got stuck: they are counted every few seconds. A change of any other outcome does not touch the index.
ALTER TABLE orders
    ADD COLUMN is_stuck TINYINT AS (IF(outcome = 'COMPENSATION_STUCK', 1, NULL)) VIRTUAL,
    ADD KEY stuck_order (is_stuck);
