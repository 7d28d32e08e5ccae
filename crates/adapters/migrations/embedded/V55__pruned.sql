-- From before this moment, rows of a table may have been deleted.
CREATE TABLE pruned (
    kind      TEXT    PRIMARY KEY,           -- the table
    before_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
