-- A card or account of a drop with a limit for each: the units that it pays or has paid for.
CREATE TABLE drop_card (
    drop_id   INTEGER NOT NULL,
    card_hash BLOB    NOT NULL,              -- of the provider's fingerprint, under the shop's key
    units     INTEGER NOT NULL,
    PRIMARY KEY (drop_id, card_hash)
) STRICT, WITHOUT ROWID;
