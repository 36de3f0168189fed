package glue

import (
	"slices"
	"strings"
)

// table holds resources in the order of their keys. A sorted slice costs nothing while empty, lists in order, and a
// location rarely has more than some hundred resources of a kind.
type table[V any] struct{ rows []row[V] }

type row[V any] struct {
	key   string
	value *V
}

func (t *table[V]) find(key string) (int, bool) {
	return slices.BinarySearchFunc(t.rows, key, func(r row[V], k string) int { return strings.Compare(r.key, k) })
}

// get returns the value of a key, or nil.
func (t *table[V]) get(key string) *V {
	if i, ok := t.find(key); ok {
		return t.rows[i].value
	}
	return nil
}

// put adds a value or replaces the one that is there.
func (t *table[V]) put(key string, v *V) {
	i, ok := t.find(key)
	if ok {
		t.rows[i].value = v
		return
	}
	t.rows = slices.Insert(t.rows, i, row[V]{key, v})
}

func (t *table[V]) remove(key string) {
	if i, ok := t.find(key); ok {
		t.rows = slices.Delete(t.rows, i, i+1)
	}
}

// keep removes the values for which keep is false.
func (t *table[V]) keep(keep func(*V) bool) {
	t.rows = slices.DeleteFunc(t.rows, func(r row[V]) bool { return !keep(r.value) })
}

// after returns the rows whose key comes after the given one; all of them for the empty key.
func (t *table[V]) after(key string) []row[V] {
	if key == "" {
		return t.rows
	}
	i, ok := t.find(key)
	if ok {
		i++
	}
	return t.rows[i:]
}
