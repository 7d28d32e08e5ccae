-- The chain of a drop: every join, leave, admission and claim in the order of decision.
CREATE TABLE drop_link (
    drop_id       INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    customer      TEXT    NOT NULL,          -- a hash under the drop's key; empty where the shop acted
    kind          TEXT    NOT NULL,          -- JOINED, LEFT, ADMITTED, CLAIMED
    subject       INTEGER NOT NULL,          -- the ticket, the last admitted place, the units of an order
    order_id      INTEGER,
    previous_hash TEXT    NOT NULL,
    hash          TEXT    NOT NULL,
    PRIMARY KEY (drop_id, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX drop_link_order ON drop_link (order_id) WHERE order_id IS NOT NULL;
