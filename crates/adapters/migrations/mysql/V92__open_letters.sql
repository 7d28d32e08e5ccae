-- Dead letters that wait to be handled, by group: they are counted every few seconds.
CREATE INDEX open_letter ON dead_letter (status, consumer_group);
