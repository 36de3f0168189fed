-- +goose Up
-- 1: the audit was of single resources, and says nothing of the others.
ALTER TABLE audit ADD COLUMN partial INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE audit DROP COLUMN partial;
