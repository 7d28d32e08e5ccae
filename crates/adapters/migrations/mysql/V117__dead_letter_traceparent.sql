-- The W3C trace context of the request that caused it; NULL where no traced request did.
ALTER TABLE dead_letter ADD COLUMN traceparent VARCHAR(64);
