-- What became of an event is asked by its id.
CREATE INDEX parked_event_by_id ON parked_event (event_id);
