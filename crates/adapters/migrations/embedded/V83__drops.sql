-- Sales with a beginning, an end, and limits for each customer.
CREATE TABLE drops (
    drop_id  INTEGER PRIMARY KEY,
    turns_at INTEGER,                        -- when it opens or closes next
    body     TEXT    NOT NULL                -- JSON
) STRICT;

CREATE INDEX drops_turn ON drops (turns_at) WHERE turns_at IS NOT NULL;

-- A customer of a drop: the units that count against its limits.
CREATE TABLE drop_buyer (
    drop_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    body    TEXT    NOT NULL,                -- JSON
    PRIMARY KEY (drop_id, user_id)
) STRICT, WITHOUT ROWID;

-- The drop in which a product is sold, or was sold last; and the drop that counts the units of a line.
ALTER TABLE product ADD COLUMN drop_id INTEGER;
ALTER TABLE order_line ADD COLUMN drop_id INTEGER;
