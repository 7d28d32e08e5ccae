-- Deliveries that are not tried again, by endpoint.
ALTER TABLE webhook_delivery
    ADD COLUMN dead_of BIGINT AS (IF(state = 'DEAD_LETTER', webhook_id, NULL)) VIRTUAL,
    ADD KEY webhook_delivery_dead (dead_of);
