package evidence

import (
	"archive/tar"
	"bytes"
	"context"
	_ "embed" // the auditors' README
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// The members of a bundle, in their order.
const (
	memberReadme   = "README.md"
	memberSums     = "SHA256SUMS"
	memberEnvelope = "evidence.dsse.json"
	memberKey      = "public-key.pem"
	memberRecords  = "records.jsonl.gz"
)

func members() []string {
	return []string{memberReadme, memberSums, memberEnvelope, memberKey, memberRecords}
}

// signed are the members that the statement is about. The sums are what the others make them.
func signed() []string { return []string{memberReadme, memberKey, memberRecords} }

//go:embed README.md
var readme []byte

// Options say what Export writes.
type Options struct {
	Selection Selection
	Tool      string // name and version
	Now       time.Time
	Signer    Signer
}

// Exported says what was written.
type Exported struct {
	Records int
	Kinds   map[Kind]int
	Head    string
	KeyID   string
}

// Export writes the evidence of what was selected. The same state, options and key make the same bytes.
func Export(ctx context.Context, w io.Writer, s Store, o Options) (Exported, error) {
	c := &collector{store: s, chain: newChain(), now: o.Now, plans: map[string]bool{}}
	if err := c.chain.add(KindAbout, "", about{Tool: o.Tool, MadeAt: o.Now, Request: o.Selection}); err != nil {
		return Exported{}, err
	}
	if err := c.collect(ctx, o.Selection); err != nil {
		return Exported{}, err
	}
	if err := c.chain.zip.Close(); err != nil {
		return Exported{}, err
	}
	public := o.Signer.PublicKey()
	files := map[string][]byte{memberReadme: readme, memberKey: public.PEM(), memberRecords: c.chain.packed.Bytes()}
	claim := statement{Type: statementType, PredicateType: PredicateType, Subject: subjects(files), Predicate: predicate{
		Tool: o.Tool, MadeAt: o.Now, Request: o.Selection, Records: c.chain.count, Kinds: c.chain.kinds, Head: c.chain.head,
	}}
	envelope, err := seal(ctx, claim, o.Signer)
	if err != nil {
		return Exported{}, fmt.Errorf("sign the evidence: %w", err)
	}
	files[memberEnvelope] = envelope
	files[memberSums] = sums(files)
	if err := pack(w, files); err != nil {
		return Exported{}, err
	}
	return Exported{Records: c.chain.count, Kinds: c.chain.kinds, Head: c.chain.head, KeyID: public.ID()}, nil
}

func subjects(files map[string][]byte) []subject {
	var all []subject
	for _, name := range signed() {
		all = append(all, subject{Name: name, Digest: map[string]string{"sha256": digest(files[name])}})
	}
	return all
}

// sums is what `sha256sum -c` reads.
func sums(files map[string][]byte) []byte {
	var b strings.Builder
	for _, name := range members() {
		if name != memberSums {
			fmt.Fprintf(&b, "%s  %s\n", digest(files[name]), name)
		}
	}
	return []byte(b.String())
}

// pack writes the archive. Nothing in it depends on the machine or the time.
func pack(w io.Writer, files map[string][]byte) error {
	t := tar.NewWriter(w)
	for _, name := range members() {
		h := &tar.Header{
			Typeflag: tar.TypeReg, Name: name, Size: int64(len(files[name])), Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR,
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(files[name]); err != nil {
			return err
		}
	}
	return t.Close()
}

var errArchive = errors.New("it is no evidence of glueguard's, or its beginning was changed")

// unpack reads the archive.
func unpack(src []byte) (map[string][]byte, error) {
	files := map[string][]byte{}
	t := tar.NewReader(bytes.NewReader(src))
	for i, name := range members() {
		h, err := t.Next()
		switch {
		case err != nil && i == 0:
			return nil, errArchive
		case err != nil:
			return nil, fmt.Errorf("the archive cannot be read before its member %s: %w", name, err)
		case h.Name != name || h.Size > int64(len(src)):
			return nil, fmt.Errorf("the archive holds something else where its member %s should be", name)
		}
		if files[name], err = io.ReadAll(t); err != nil {
			return nil, fmt.Errorf("the archive's member %s cannot be read: %w", name, err)
		}
	}
	return files, nil
}
