-- What the statistics groups have added up of events, in the commits that move their offsets. A figure is a name, such as placed, or one of
-- a group of codes, such as reason:payment.expired. Subject 0 is the whole shop; another one is a campaign or a product.
CREATE TABLE statistic (
    counted    VARCHAR(16) NOT NULL,  -- coupons or orders
    resolution VARCHAR(16) NOT NULL,  -- minute, hour or day
    subject    BIGINT      NOT NULL,
    began_at   BIGINT      NOT NULL,
    figure     VARCHAR(96) NOT NULL,
    amount     BIGINT      NOT NULL,
    PRIMARY KEY (counted, resolution, subject, began_at, figure),
    KEY statistic_age (counted, resolution, began_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
