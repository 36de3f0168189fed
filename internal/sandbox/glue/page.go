package glue

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// A token holds the key of the last item that was given, so that pages neither repeat nor miss items that stay while
// others come and go. It is bound to its operation by a checksum. Its alphabet has no "-", which the AWS CLI would take
// for an option when the token begins with it.

// defaultPage is the page size when MaxResults is absent; AWS documents none, so this is unconfirmed.
const defaultPage = 100

// page is the part of a listing that a call asks for.
type page struct {
	operation string
	after     string // key of the last item already given
	size      int
}

// pageOf reads MaxResults and NextToken. An empty token asks for the first page, as AWS's CLI sends it.
func pageOf(c *service.Call, maxResults *int32, token *string, most int32) (page, error) {
	p := page{operation: c.Operation, size: int(min(defaultPage, most))}
	if maxResults != nil {
		if *maxResults < 1 || *maxResults > most {
			return p, service.Errorf("InvalidInputException", "MaxResults size must be between 1 and %d", most)
		}
		p.size = int(*maxResults)
	}
	if token == nil || *token == "" {
		return p, nil
	}
	raw, err := base64.RawStdEncoding.DecodeString(*token)
	if err != nil || len(raw) < 5 || binary.BigEndian.Uint32(raw) != tokenSum(p.operation, raw[4:]) {
		return p, service.Errorf("InvalidInputException", "Invalid token")
	}
	p.after = string(raw[4:])
	return p, nil
}

func tokenSum(operation string, key []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(operation)), crc32.IEEETable, key)
}

// next returns the token that goes with a page: last is the key of its last item, more whether any item follows.
func (g *Glue) next(p page, last string, more bool) *string {
	if !more {
		mode := g.settings.Load().LastToken
		if mode == LastTokenEmpty || mode == LastTokenMixed && p.operation == "GetDevEndpoints" {
			return new(string)
		}
		return nil
	}
	raw := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(last)), tokenSum(p.operation, []byte(last)))
	token := base64.RawStdEncoding.EncodeToString(append(raw, last...))
	return &token
}

// list gives a page of a table: at most size of the items that show accepts, the key of the last, and whether others
// follow. The slice is never nil, since AWS answers an empty list.
func list[V, T any](t *table[V], p page, show func(*V) (T, bool)) (items []T, last string, more bool) {
	rows := t.after(p.after)
	items = make([]T, 0, min(len(rows), p.size))
	for _, r := range rows {
		item, ok := show(r.value)
		if !ok {
			continue
		}
		if len(items) == p.size {
			return items, last, true
		}
		items, last = append(items, item), r.key
	}
	return items, last, false
}
