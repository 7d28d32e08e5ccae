-- One row: up to when all relays stand still, and the switch that has them do so.
CREATE TABLE relay_halt (
    id           BIGINT PRIMARY KEY,
    holder       BIGINT NOT NULL,
    halted_until BIGINT NOT NULL                      -- microseconds since 1970, by the server's clock
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
