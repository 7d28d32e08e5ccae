-- What became of an event is asked by its id. Parked events and dead letters are rare, so the entries cost an order nothing.
CREATE INDEX parked_event_by_id ON parked_event (event_id);
CREATE INDEX dead_letter_by_id ON dead_letter (event_id);
