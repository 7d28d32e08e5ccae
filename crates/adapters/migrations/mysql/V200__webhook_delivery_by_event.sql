-- The event log shows each event's deliveries. Ids of events grow with the time, so entries are added at the end.
CREATE INDEX webhook_delivery_by_event ON webhook_delivery (event_id);
