-- What was done to the store that no command of the shop would do: figures that an audit put right.
CREATE TABLE maintenance (
    maintenance_id BIGINT      PRIMARY KEY AUTO_INCREMENT,
    kind           VARCHAR(16) NOT NULL,   -- REPAIRED
    law            INT         NOT NULL,   -- of docs/audit.md
    what           TEXT        NOT NULL,
    happened_at    BIGINT      NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
