package sqlite

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"

	"github.com/glueguard/glueguard/internal/finding"
)

const (
	// compressed begins findings that are kept compressed. Older releases, and parts of few findings, have them as they
	// are: JSON, which begins with a bracket.
	compressed = 0
	// compressFrom is how much JSON is worth it: what a location without much in it has is read faster as it is.
	compressFrom = 1 << 10
)

// findingPacker packs the findings of one part after the other with the same memory. An audit's are about a thirteenth of
// what they were then.
type findingPacker struct {
	packed bytes.Buffer
	zip    *flate.Writer
}

func (p *findingPacker) pack(list []finding.Finding) ([]byte, error) {
	text, err := pack(list)
	if err != nil || len(text) < compressFrom {
		return text, err
	}
	if p.zip == nil {
		// The fastest level: the others cost several times as much, for a quarter less.
		if p.zip, err = flate.NewWriter(&p.packed, flate.BestSpeed); err != nil {
			return nil, err
		}
	}
	p.packed.Reset()
	p.packed.WriteByte(compressed)
	p.zip.Reset(&p.packed)
	if _, err := p.zip.Write(text); err != nil {
		return nil, err
	}
	if err := p.zip.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(p.packed.Bytes()), nil
}

// findingUnpacker unpacks the findings of one part after the other with the same memory.
type findingUnpacker struct {
	text  bytes.Buffer
	unzip io.ReadCloser
}

func (u *findingUnpacker) unpack(packed []byte) ([]finding.Finding, error) {
	if len(packed) == 0 || packed[0] != compressed {
		return unpack[finding.Finding](packed)
	}
	from := bytes.NewReader(packed[1:])
	if u.unzip == nil {
		u.unzip = flate.NewReader(from)
	} else if r, ok := u.unzip.(flate.Resetter); !ok {
		return nil, errors.New("what unpacks findings can't begin anew")
	} else if err := r.Reset(from, nil); err != nil {
		return nil, err
	}
	u.text.Reset()
	if _, err := u.text.ReadFrom(u.unzip); err != nil {
		return nil, err
	}
	return unpack[finding.Finding](u.text.Bytes())
}
