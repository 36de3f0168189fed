package evidence

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
)

// beginning stands for the line before the first.
func beginning() string { return strings.Repeat("0", 2*sha256.Size) }

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// chain writes records, each bound to the one before it, and compresses them.
type chain struct {
	zip    *gzip.Writer
	behind *behind
	sum    hash.Hash // of what was compressed
	size   int64
	redact *redactor
	body   bytes.Buffer
	line   []byte
	head   string // digest of the newest line
	count  int
	kinds  map[Kind]int
}

func newChain(packed io.Writer) *chain {
	c := &chain{sum: sha256.New(), redact: newRedactor(), head: beginning(), kinds: map[Kind]int{}}
	c.zip = gzip.NewWriter(io.MultiWriter(packed, c.sum, c))
	c.behind = writeBehind(c.zip)
	return c
}

// Write counts what was compressed.
func (c *chain) Write(p []byte) (int, error) {
	c.size += int64(len(p))
	return len(p), nil
}

// end finishes the records, and returns what they are in the archive; their content is read from where it was written.
func (c *chain) end(from func() (io.Reader, error)) (member, error) {
	if err := errors.Join(c.behind.close(), c.zip.Close()); err != nil {
		return member{}, err
	}
	content, err := from()
	return member{size: c.size, digest: hex.EncodeToString(c.sum.Sum(nil)), content: content}, err
}

// stop ends what the chain does beside its caller. It is called in any case.
func (c *chain) stop() { _ = c.behind.close() } // what went wrong, end has told

// add appends a record, without what is secret in it.
func (c *chain) add(kind Kind, of string, body any) error { return c.addWith(kind, of, body, "", nil) }

// addWith appends a record whose body has one more member, whose value is JSON already. It need not be read and written
// again for that: a plan may have tens of megabytes.
func (c *chain) addWith(kind Kind, of string, body any, name string, value []byte) error {
	text, err := c.text(body, name, value)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", kind, of, err)
	}
	c.line = append(c.line[:0], `{"seq":`...)
	c.line = strconv.AppendInt(c.line, int64(c.count+1), 10)
	c.line = append(append(append(c.line, `,"prev":"`...), c.head...), `","kind":`...)
	c.line = append(quote(c.line, string(kind)), `,"of":`...)
	c.line = append(quote(c.line, of), `,"body":`...)
	c.line, err = c.redact.clean(c.line, of, kind == KindEntry || kind == KindChange, text)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", kind, of, err)
	}
	c.line = append(c.line, '}')
	c.head = digest(c.line)
	c.count++
	c.kinds[kind]++
	err = c.behind.write(append(c.line, '\n'))
	if len(c.line) > largeLine {
		c.line, c.redact.doc = nil, document{}
	}
	return err
}

// largeLine is how long a line may be whose buffers are used again: those of a large plan are not kept.
const largeLine = 1 << 20

func (c *chain) text(body any, name string, value []byte) (string, error) {
	c.body.Reset()
	if err := encodeTo(&c.body, body); err != nil {
		return "", err
	}
	if value == nil {
		return c.body.String(), nil
	}
	c.body.Truncate(c.body.Len() - len("}\n"))
	var b strings.Builder
	b.Grow(c.body.Len() + len(name) + len(value) + len(`,"":}`))
	b.Write(c.body.Bytes())
	b.WriteString(`,"` + name + `":`)
	b.Write(value)
	b.WriteByte('}')
	return b.String(), nil
}

// encode writes a value as one line of JSON.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	err := encodeTo(&b, v)
	return b.Bytes(), err
}

func encodeTo(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
