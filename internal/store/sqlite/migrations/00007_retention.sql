-- +goose Up
-- 1: the audit is gone for its readers. Its head stays, because the history of findings refers to it.
ALTER TABLE audit ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;

-- +goose Down
DELETE FROM part WHERE audit IN (SELECT seq FROM audit WHERE dropped = 1);
DELETE FROM audit WHERE dropped = 1 AND seq NOT IN (SELECT audit FROM finding) AND seq NOT IN (SELECT audit FROM finding_index);
ALTER TABLE audit DROP COLUMN dropped;
