-- What was done to the store that no command of the shop would do: figures that an audit put right, lost commits that somebody
-- went on without, pages that somebody else had changed.
CREATE TABLE maintenance (
    maintenance_id INTEGER PRIMARY KEY,
    kind           TEXT    NOT NULL,         -- REPAIRED, LOSS_ACCEPTED, DAMAGE_FOUND
    law            INTEGER NOT NULL,         -- of docs/audit.md
    what           TEXT    NOT NULL,
    happened_at    INTEGER NOT NULL
) STRICT;
