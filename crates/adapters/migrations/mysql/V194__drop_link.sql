-- The chain of a drop: every join, leave, admission and claim in the order of decision.
CREATE TABLE drop_link (
    drop_id       BIGINT      NOT NULL,
    number        BIGINT      NOT NULL,
    at            BIGINT      NOT NULL,
    customer      VARCHAR(64) NOT NULL,  -- a hash under the drop's key; empty where the shop acted
    kind          VARCHAR(16) NOT NULL,  -- JOINED, LEFT, ADMITTED, CLAIMED
    subject       BIGINT      NOT NULL,  -- the ticket, the last admitted place, the units of an order
    order_id      BIGINT,
    previous_hash VARCHAR(64) NOT NULL,
    hash          VARCHAR(64) NOT NULL,
    PRIMARY KEY (drop_id, number),
    KEY drop_link_order (order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
