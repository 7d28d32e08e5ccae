-- Every `…_at` is microseconds since 1970-01-01T00:00:00Z:  from_unixtime(created_at / 1000000).
-- Money and points are whole won. States and reasons are the words of the API; reading refuses words that it does not know.
-- Lists such as a user's orders are chains: the newest is named in `customer`, each row names the one before it. An index
-- on (user, order) would be a random insert into a large tree with every order.
CREATE TABLE product (
    product_id  BIGINT       PRIMARY KEY,
    name        VARCHAR(255) NOT NULL,
    price       BIGINT       NOT NULL CHECK (price >= 0),
    status      VARCHAR(32)  NOT NULL,  -- ON_SALE, PAUSED, DISCONTINUED
    on_hand     BIGINT       NOT NULL,
    reserved    BIGINT       NOT NULL,  -- held by orders that are not complete
    received    BIGINT       NOT NULL,  -- units that ever came in
    sold        BIGINT       NOT NULL CHECK (sold >= 0),
    written_off BIGINT       NOT NULL CHECK (written_off >= 0),
    created_at  BIGINT       NOT NULL,
    updated_at  BIGINT       NOT NULL,
    CHECK (reserved >= 0 AND on_hand >= reserved),
    CHECK (received = on_hand + sold + written_off)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
