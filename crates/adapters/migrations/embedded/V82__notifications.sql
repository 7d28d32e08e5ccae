-- How users want to be told outside of the shop.
CREATE TABLE notification_settings (
    user_id     INTEGER PRIMARY KEY,
    phone       TEXT,                        -- E.164
    push_token  TEXT,
    language    TEXT    NOT NULL,            -- en, ko
    email_since INTEGER,                     -- chosen since then; NULL: not chosen
    push_since  INTEGER,
    sms_since   INTEGER,
    is_notified INTEGER NOT NULL,            -- any channel is chosen
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX notification_settings_notified ON notification_settings (user_id) WHERE is_notified = 1;

-- One event on its way to its user over one channel. The row is deleted when it was sent.
CREATE TABLE notification (
    event_id   TEXT    NOT NULL,
    channel    TEXT    NOT NULL,             -- email, push, sms
    user_id    INTEGER NOT NULL,
    shard      INTEGER NOT NULL,             -- 0 here: events are found by their position
    seq        INTEGER NOT NULL,
    state      TEXT    NOT NULL,             -- PENDING, IN_PROGRESS, FAILED, DEAD_LETTER
    tries      INTEGER NOT NULL,             -- since it was last scheduled
    attempts   INTEGER NOT NULL,
    due_at     INTEGER,                      -- while an attempt is under way, when it counts as lost
    error      TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (event_id, channel)
) STRICT, WITHOUT ROWID;

CREATE INDEX notification_due ON notification (channel, due_at) WHERE due_at IS NOT NULL;
