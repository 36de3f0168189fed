-- +goose Up
-- What the verdicts of a part rest on: a JSON array, compressed. Empty in parts that older releases wrote.
ALTER TABLE part ADD COLUMN facts BLOB NOT NULL DEFAULT x'';

-- The policies that audits ran under.
CREATE TABLE policy (
    digest   TEXT PRIMARY KEY,
    document BLOB NOT NULL -- JSON, byte for byte what the digest was taken of
) STRICT;

-- +goose Down
DROP TABLE policy;
ALTER TABLE part DROP COLUMN facts;
