-- What became of an event is asked by its id.
CREATE INDEX dead_letter_by_id ON dead_letter (event_id);
