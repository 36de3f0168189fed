-- +goose Up
CREATE TABLE audit (
    seq            INTEGER PRIMARY KEY,
    id             TEXT    NOT NULL UNIQUE,
    started_at     INTEGER NOT NULL, -- nanoseconds since 1970, as all times here; 0 is never
    finished_at    INTEGER NOT NULL DEFAULT 0,
    policy_profile TEXT    NOT NULL,
    policy_digest  TEXT    NOT NULL,
    summary        TEXT    NOT NULL
) STRICT;

-- What one audit learned of one location, packed: one row costs a tenth of a row for each operation and finding.
CREATE TABLE part (
    seq      INTEGER PRIMARY KEY,
    audit    INTEGER NOT NULL REFERENCES audit (seq),
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    settled  TEXT    NOT NULL, -- control ids between commas
    coverage BLOB    NOT NULL, -- a JSON array
    findings BLOB    NOT NULL  -- a JSON array
) STRICT;

CREATE INDEX part_by_location ON part (audit, account, region);

-- Findings over time. seen_in is empty where a finding was shown by its own location.
CREATE TABLE finding (
    id          TEXT    PRIMARY KEY,
    control     TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    seen_in     TEXT    NOT NULL,
    verdict     INTEGER NOT NULL, -- 0 does not fail, 1 fails, 2 was never known
    audit       INTEGER NOT NULL REFERENCES audit (seq), -- the last that saw it
    judged_at   INTEGER NOT NULL, -- start of the newest audit that said anything of it
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    resolved_at INTEGER NOT NULL DEFAULT 0,
    reopened_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE finding;
DROP TABLE part;
DROP TABLE audit;
