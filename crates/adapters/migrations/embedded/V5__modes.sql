-- Which rule chose the mode of an order; empty where the mode was named.
ALTER TABLE orders ADD COLUMN chosen_by TEXT;        -- adaptive, gradual

-- Orders whose compensation got stuck, for the operator who looks for them.
CREATE INDEX stuck_order ON orders (order_id) WHERE outcome = 'COMPENSATION_STUCK';

-- Every change of the mode setting: the newest is in force, all of them are the record.
CREATE TABLE mode_change (
    version        INTEGER PRIMARY KEY,
    choice         TEXT    NOT NULL,         -- parallel, sequential, adaptive, gradual, atomic, sync
    percent        INTEGER NOT NULL,         -- of the users, in parallel, under gradual
    choice_before  TEXT    NOT NULL,
    percent_before INTEGER NOT NULL,
    changed_by     INTEGER,                  -- the admin; empty where the canary rule did it
    reason         TEXT    NOT NULL,
    changed_at     INTEGER NOT NULL
) STRICT;
