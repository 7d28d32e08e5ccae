-- What people and programs did in the shop's administration.
CREATE TABLE trail (
    trail_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     INTEGER NOT NULL,
    role        TEXT    NOT NULL,          -- in force
    key_id      INTEGER,                   -- of the program that acted for the user
    action      TEXT    NOT NULL,          -- the operation, as in the OpenAPI document
    subject     TEXT    NOT NULL,          -- the path below /api/admin/
    reason      TEXT,
    change_json TEXT,                      -- JSON, without secrets
    happened_at INTEGER NOT NULL
) STRICT;

CREATE INDEX trail_subject ON trail (subject, trail_id);
