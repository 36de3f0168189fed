-- +goose Up
CREATE TABLE plan (
    seq        INTEGER PRIMARY KEY,
    digest     TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    document   BLOB    NOT NULL -- JSON, byte for byte what the digest was taken of
) STRICT;

-- Fencing: whoever leases a resource gets a higher token than all before, and every write to a journal checks its own.
CREATE TABLE lease (
    resource TEXT    PRIMARY KEY, -- ARN
    token    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The columns but id are what the journal says, kept for finding and listing.
CREATE TABLE change (
    seq       INTEGER PRIMARY KEY,
    id        TEXT    NOT NULL UNIQUE,
    resource  TEXT    NOT NULL, -- ARN of the original
    plan      TEXT    NOT NULL, -- digest
    state     TEXT    NOT NULL,
    is_open   INTEGER NOT NULL, -- 1 keeps other changes of the resource from being opened
    opened_at INTEGER NOT NULL,
    summary   TEXT    NOT NULL  -- JSON
) STRICT;

CREATE INDEX change_by_state ON change (state);
CREATE INDEX change_by_plan ON change (plan);

-- The resources that a change is about: its original and what it made.
CREATE TABLE change_resource (
    arn    TEXT    NOT NULL,
    change INTEGER NOT NULL REFERENCES change (seq),
    PRIMARY KEY (arn, change)
) STRICT, WITHOUT ROWID;

-- The journals.
CREATE TABLE entry (
    change INTEGER NOT NULL REFERENCES change (seq),
    seq    INTEGER NOT NULL, -- from 1, without gaps
    entry  TEXT    NOT NULL, -- JSON
    PRIMARY KEY (change, seq)
) STRICT;

-- +goose Down
DROP TABLE entry;
DROP TABLE change_resource;
DROP TABLE change;
DROP TABLE lease;
DROP TABLE plan;
