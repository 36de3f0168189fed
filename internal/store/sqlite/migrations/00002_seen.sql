-- +goose Up
-- What the history needs of a part's findings, so that sealing an audit unpacks a sixth of what it would: a JSON array.
ALTER TABLE part ADD COLUMN seen BLOB NOT NULL DEFAULT x'5b5d';

-- +goose Down
ALTER TABLE part DROP COLUMN seen;
