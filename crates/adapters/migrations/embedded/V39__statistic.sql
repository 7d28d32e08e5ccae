-- What the statistics groups have added up of events, in the commits that move their offsets. A figure is a name, such as placed, or one of
-- a group of codes, such as reason:payment.expired. Subject 0 is the whole shop; another one is a campaign or a product.
CREATE TABLE statistic (
    counted    TEXT    NOT NULL,             -- coupons or orders
    resolution TEXT    NOT NULL,             -- minute, hour or day
    subject    INTEGER NOT NULL,
    began_at   INTEGER NOT NULL,
    figure     TEXT    NOT NULL,
    amount     INTEGER NOT NULL,
    PRIMARY KEY (counted, resolution, subject, began_at, figure)
) STRICT, WITHOUT ROWID;

-- Minutes and hours are deleted when they are old.
CREATE INDEX statistic_age ON statistic (counted, resolution, began_at);
