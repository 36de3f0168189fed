-- +goose Up
-- Who wants a request to stop that is under way, and since when; 0: nobody does.
ALTER TABLE request ADD COLUMN interrupted_by TEXT NOT NULL DEFAULT '{"kind":"","name":""}'; -- JSON
ALTER TABLE request ADD COLUMN interrupted_at INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE request DROP COLUMN interrupted_at;
ALTER TABLE request DROP COLUMN interrupted_by;
