-- +goose Up
-- The audit trail: who did what. The hash is of the entry's bytes, and each entry holds the hash of the one before.
CREATE TABLE trail (
    seq   INTEGER PRIMARY KEY, -- from 1, without gaps
    hash  TEXT    NOT NULL,    -- SHA-256 of entry, hex
    entry TEXT    NOT NULL     -- JSON
) STRICT;

-- How long the trail is and how it ends, so that a cut shows.
CREATE TABLE trail_end (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    entries INTEGER NOT NULL,
    head    TEXT    NOT NULL -- hash of the last entry
) STRICT;

INSERT INTO trail_end (one, entries, head) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- +goose StatementBegin
CREATE TRIGGER trail_follows BEFORE INSERT ON trail BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only: an entry follows the last')
    WHERE NOT EXISTS (
        SELECT 1 FROM trail_end WHERE NEW.seq = entries + 1 AND json_extract(NEW.entry, '$.seq') = NEW.seq AND json_extract(NEW.entry, '$.prev') = head
    );
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER trail_ends AFTER INSERT ON trail BEGIN
    UPDATE trail_end SET entries = NEW.seq, head = NEW.hash;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER trail_kept BEFORE UPDATE ON trail BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only: an entry can not be changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER trail_whole BEFORE DELETE ON trail BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only: an entry can not be deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER trail_end_follows BEFORE UPDATE ON trail_end BEGIN
    SELECT RAISE(ABORT, 'the end of the audit trail follows its entries')
    WHERE NOT EXISTS (
        SELECT 1 FROM trail WHERE seq = NEW.entries AND hash = NEW.head AND NEW.entries = OLD.entries + 1 AND NEW.one = OLD.one
    );
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER trail_end_kept BEFORE DELETE ON trail_end BEGIN
    SELECT RAISE(ABORT, 'the end of the audit trail can not be deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER trail_end_alone BEFORE INSERT ON trail_end BEGIN
    SELECT RAISE(ABORT, 'the audit trail has one end');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE trail_end;
DROP TABLE trail;
