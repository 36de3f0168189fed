package sqlite

import (
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// EachFacts implements store.FactReader.
func (s *Store) EachFacts(ctx context.Context, auditID string, yield func(resource.Record) error) error {
	return eachPacked(ctx, s, auditID, "facts", unpackFacts, compareRecords, yield)
}

func compareRecords(a, b resource.Record) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID), cmp.Compare(a.ARN, b.ARN), cmp.Compare(len(a.Facts), len(b.Facts)))
}

// Facts implements store.FactReader.
func (s *Store) Facts(ctx context.Context, auditID string, of resource.Ref) ([]resource.Record, error) {
	seq, err := s.seq(ctx, auditID)
	if err != nil {
		return nil, err
	}
	here, err := s.factsOf(ctx, seq, of.Account, of.Region)
	if err != nil {
		return nil, fmt.Errorf("%s: read the facts of audit %s: %w", s.path, auditID, classify(err))
	}
	related := resource.Related(here, of)
	for i, r := range related {
		if r.Type != resource.TypeKey || r.State != resource.RecordKnown || r.Facts != nil {
			continue
		}
		key, err := s.key(ctx, seq, r.ARN)
		if err != nil {
			return nil, fmt.Errorf("%s: read the facts of audit %s: %w", s.path, auditID, classify(err))
		}
		if key != nil {
			related[i] = *key
		}
	}
	return related, nil
}

// key returns what was read of a key, from where the key is; nil when nothing is kept.
func (s *Store) key(ctx context.Context, audit int64, arn string) (*resource.Record, error) {
	place, err := resource.ParseARN(arn)
	if err != nil {
		return nil, err
	}
	records, err := s.factsOf(ctx, audit, place.Account, place.Region)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(records, func(r resource.Record) bool { return r.Type == resource.TypeKey && r.ARN == arn && r.Facts != nil })
	if i < 0 {
		return nil, nil //nolint:nilnil // as it says
	}
	return &records[i], nil
}

// factsOf returns the records of one location.
func (s *Store) factsOf(ctx context.Context, audit int64, account, region string) ([]resource.Record, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT facts FROM part WHERE audit = ? AND account = ? AND region = ? ORDER BY seq`, audit, account, region)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []resource.Record
	var packed sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&packed); err != nil {
			return nil, err
		}
		part, err := unpackFacts(packed)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	return all, rows.Err()
}

// Policy implements store.FactReader.
func (s *Store) Policy(ctx context.Context, digest string) ([]byte, error) {
	var document []byte
	err := s.db.QueryRowContext(ctx, `SELECT document FROM policy WHERE digest = ?`, digest).Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("policy %s: %w", digest, store.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: read policy %s: %w", s.path, digest, classify(err))
	}
	return document, nil
}

func savePolicy(ctx context.Context, tx *sql.Tx, digest string, document []byte) error {
	if len(document) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO policy (digest, document) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING`, digest, document)
	return err
}

// factPacker compresses the facts of one part after the other with the same memory.
type factPacker struct {
	packed bytes.Buffer
	zip    *flate.Writer
}

func (p *factPacker) pack(records []resource.Record) ([]byte, error) {
	if len(records) == 0 {
		return []byte{}, nil
	}
	p.packed.Reset()
	if p.zip == nil {
		var err error
		// The fastest level: the others cost several times as much, for a tenth less.
		if p.zip, err = flate.NewWriter(&p.packed, flate.BestSpeed); err != nil {
			return nil, err
		}
	}
	p.zip.Reset(&p.packed)
	lines := json.NewEncoder(p.zip)
	lines.SetEscapeHTML(false) // facts come back as they were, byte for byte
	if err := lines.Encode(records); err != nil {
		return nil, err
	}
	if err := p.zip.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(p.packed.Bytes()), nil
}

func unpackFacts(packed []byte) ([]resource.Record, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, err
	}
	return unpack[resource.Record](text)
}
