-- +goose Up
-- What one process leaves for others that work on the state: values in JSON, by name.
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- +goose Down
DROP TABLE setting;
