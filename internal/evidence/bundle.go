package evidence

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	_ "embed" // the auditors' README
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
var readme string

// Options say what Export writes.
type Options struct {
	Selection Selection
	Tool      string // name and version
	Now       time.Time
	Signer    Signer
	// Scratch is an empty file that holds the records until all are there; nil: they are held in memory.
	Scratch io.ReadWriteSeeker
}

// Exported says what was written.
type Exported struct {
	Records int
	Kinds   map[Kind]int
	Head    string
	KeyID   string
	Trail   Mark
}

// Export writes the evidence of what was selected. The same state, options and key make the same records.
func Export(ctx context.Context, w io.Writer, s Store, o Options) (Exported, error) {
	trail, err := mark(ctx, s)
	if err != nil {
		return Exported{}, err
	}
	scratch, reread := o.scratch()
	c := &collector{store: s, chain: newChain(scratch), now: o.Now, plans: map[string]bool{}, trail: trail}
	defer c.chain.stop()
	if err := c.chain.add(KindAbout, "", about{Tool: o.Tool, MadeAt: o.Now, Request: o.Selection, Trail: trail}); err != nil {
		return Exported{}, err
	}
	if err := c.collect(ctx, o.Selection); err != nil {
		return Exported{}, err
	}
	records, err := c.chain.end(reread)
	if err != nil {
		return Exported{}, err
	}
	public := o.Signer.PublicKey()
	files := map[string]member{memberReadme: inMemory(readmeFor(public)), memberKey: inMemory(public.PEM()), memberRecords: records}
	claim := statement{Type: statementType, PredicateType: PredicateType, Subject: subjects(files), Predicate: predicate{
		Tool: o.Tool, MadeAt: o.Now, Request: o.Selection, Trail: trail, Records: c.chain.count, Kinds: c.chain.kinds, Head: c.chain.head,
	}}
	envelope, err := seal(ctx, claim, o.Signer)
	if err != nil {
		return Exported{}, fmt.Errorf("sign the evidence: %w", err)
	}
	files[memberEnvelope] = inMemory(envelope)
	files[memberSums] = inMemory(sums(files))
	if err := pack(w, files); err != nil {
		return Exported{}, err
	}
	return Exported{Records: c.chain.count, Kinds: c.chain.kinds, Head: c.chain.head, KeyID: public.ID(), Trail: trail}, nil
}

// scratch is where records are written, and what reads them again from their start.
func (o Options) scratch() (w io.Writer, reread func() (io.Reader, error)) {
	if o.Scratch == nil {
		b := &bytes.Buffer{}
		return b, func() (io.Reader, error) { return b, nil }
	}
	buffered := bufio.NewWriter(o.Scratch)
	return buffered, func() (io.Reader, error) {
		if err := buffered.Flush(); err != nil {
			return nil, err
		}
		_, err := o.Scratch.Seek(0, io.SeekStart)
		return o.Scratch, err
	}
}

// readmeFor is the auditors' README, with what it takes to check a signature of that key.
func readmeFor(k PublicKey) []byte {
	return []byte(strings.NewReplacer("KEY_KIND", k.kind.name, "VERIFY_SIGNATURE", k.kind.verify).Replace(readme))
}

// member is one file of the archive.
type member struct {
	size    int64
	digest  string // SHA-256, hex
	content io.Reader
}

func inMemory(content []byte) member {
	return member{size: int64(len(content)), digest: digest(content), content: bytes.NewReader(content)}
}

func subjects(files map[string]member) []subject {
	var all []subject
	for _, name := range signed() {
		all = append(all, subject{Name: name, Digest: map[string]string{"sha256": files[name].digest}})
	}
	return all
}

// sums is what `sha256sum -c` reads.
func sums(files map[string]member) []byte {
	var b strings.Builder
	for _, name := range members() {
		if name != memberSums {
			fmt.Fprintf(&b, "%s  %s\n", files[name].digest, name)
		}
	}
	return []byte(b.String())
}

// header is what stands before a member in the archive.
func header(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
}

// pack writes the archive. Nothing in it depends on the machine or the time.
func pack(w io.Writer, files map[string]member) error {
	t := tar.NewWriter(w)
	for _, name := range members() {
		if err := t.WriteHeader(header(name, files[name].size)); err != nil {
			return err
		}
		if _, err := io.Copy(t, files[name].content); err != nil {
			return err
		}
	}
	return t.Close()
}
