-- +goose Up
-- Who may sign in. folded is the name without regard to case.
CREATE TABLE user (
    id            TEXT    PRIMARY KEY,
    name          TEXT    NOT NULL,
    folded        TEXT    NOT NULL UNIQUE,
    roles         TEXT    NOT NULL, -- a JSON array
    password_hash TEXT    NOT NULL CHECK (password_hash = '' OR password_hash LIKE '$argon2id$%'),
    subject       TEXT    NOT NULL, -- empty for local users
    disabled      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    last_login_at INTEGER NOT NULL,
    version       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX user_by_subject ON user (subject) WHERE subject <> '';

-- Secrets are kept as their SHA-256, hex, and nothing else is let in.
CREATE TABLE session (
    hash       TEXT    PRIMARY KEY CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    user       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    address    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_user ON session (user);

CREATE TABLE token (
    id         TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL,
    hash       TEXT    NOT NULL UNIQUE CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    user       TEXT    NOT NULL,
    roles      TEXT    NOT NULL, -- a JSON array
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX token_by_user ON token (user);

CREATE TABLE ticket (
    hash       TEXT    PRIMARY KEY CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    user       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_by_user ON ticket (user);

-- What somebody asked for. The columns to proposed_at never change.
CREATE TABLE request (
    seq            INTEGER PRIMARY KEY, -- the order in which they were filed
    id             TEXT    NOT NULL UNIQUE,
    kind           TEXT    NOT NULL,
    plan           TEXT    NOT NULL, -- digest
    digest         TEXT    NOT NULL, -- of work
    work           TEXT    NOT NULL, -- JSON
    needs_approval INTEGER NOT NULL,
    reason         TEXT    NOT NULL,
    proposed_by    TEXT    NOT NULL, -- JSON
    proposer       TEXT    NOT NULL,
    proposed_at    INTEGER NOT NULL,
    state          TEXT    NOT NULL,
    start          INTEGER NOT NULL,
    decided_by     TEXT    NOT NULL, -- JSON
    decided_at     INTEGER NOT NULL,
    note           TEXT    NOT NULL,
    expires_at     INTEGER NOT NULL,
    started_by     TEXT    NOT NULL, -- JSON
    started_at     INTEGER NOT NULL,
    ended_at       INTEGER NOT NULL,
    results        TEXT    NOT NULL, -- JSON
    version        INTEGER NOT NULL
) STRICT;

CREATE INDEX request_by_state ON request (state);
CREATE INDEX request_by_digest ON request (digest);
CREATE INDEX request_by_plan ON request (plan);

-- The changes that a request asks about, and those that came of it.
CREATE TABLE request_change (
    change  TEXT    NOT NULL, -- id
    request INTEGER NOT NULL REFERENCES request (seq),
    PRIMARY KEY (change, request)
) STRICT, WITHOUT ROWID;

-- Exceptions that were proposed. The columns to proposed_at never change.
CREATE TABLE exception (
    seq         INTEGER PRIMARY KEY, -- the order in which they were proposed
    id          TEXT    NOT NULL UNIQUE,
    exception   TEXT    NOT NULL, -- JSON
    proposed_by TEXT    NOT NULL, -- JSON
    proposed_at INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    decided_by  TEXT    NOT NULL, -- JSON
    decided_at  INTEGER NOT NULL,
    note        TEXT    NOT NULL,
    version     INTEGER NOT NULL
) STRICT;

CREATE TABLE schedule (
    id         TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL,
    folded     TEXT    NOT NULL UNIQUE,
    every      INTEGER NOT NULL, -- nanoseconds
    next_at    INTEGER NOT NULL,
    scope      TEXT    NOT NULL, -- JSON
    paused     INTEGER NOT NULL,
    last_audit TEXT    NOT NULL,
    last_error TEXT    NOT NULL,
    version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Indexes of audits' findings. One that is not complete was left by somebody who died.
CREATE TABLE finding_index (
    audit    INTEGER PRIMARY KEY REFERENCES audit (seq),
    format   INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    built_at INTEGER NOT NULL -- when it was begun
) STRICT;

-- The findings themselves, one by one. at is the audit's number times 2^32, and the finding's place in the audit.
CREATE TABLE indexed_finding (
    at      INTEGER PRIMARY KEY,
    finding BLOB    NOT NULL -- JSON
) STRICT;

-- What findings are chosen and sorted by, in the form in which it is kept in memory, cut into pieces.
CREATE TABLE finding_columns (
    audit INTEGER NOT NULL REFERENCES audit (seq),
    piece INTEGER NOT NULL,
    bytes BLOB    NOT NULL,
    PRIMARY KEY (audit, piece)
) STRICT;

CREATE INDEX audit_by_start ON audit (started_at, seq);

-- What changes are searched by, without regard to case.
ALTER TABLE change ADD COLUMN search TEXT NOT NULL DEFAULT '';
UPDATE change SET search = upper(id || char(10) || plan || char(10) || resource || char(10) || coalesce(json_extract(summary, '$.resource.name'), ''));

CREATE INDEX plan_by_time ON plan (created_at, seq);

-- +goose Down
DROP INDEX plan_by_time;
ALTER TABLE change DROP COLUMN search;
DROP INDEX audit_by_start;
DROP TABLE finding_columns;
DROP TABLE indexed_finding;
DROP TABLE finding_index;
DROP TABLE schedule;
DROP TABLE exception;
DROP TABLE request_change;
DROP TABLE request;
DROP TABLE ticket;
DROP TABLE token;
DROP TABLE session;
DROP TABLE user;
