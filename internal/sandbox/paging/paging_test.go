package paging

import (
	"errors"
	"strings"
	"testing"
)

func self(s string) string { return s }

func TestCut(t *testing.T) {
	t.Parallel()
	items := strings.Fields("a b c d e")
	first, next, err := Cut(items, self, 2, nil, "x")
	if err != nil || strings.Join(first, "") != "ab" || next == nil {
		t.Fatalf("first page %v %v %v", first, next, err)
	}
	second, _, err := Cut(strings.Fields("a c d e"), self, 2, next, "x") // "b" went in between
	if err != nil || strings.Join(second, "") != "cd" {
		t.Errorf("second page %v %v", second, err)
	}
	last, end, err := Cut(items, self, 5, nil, "x")
	if err != nil || len(last) != 5 || end != nil {
		t.Errorf("whole page %v %v %v", last, end, err)
	}
	for name, token := range map[string]string{"made up": "!!", "no scope": "YQ", "other scope": *next} {
		if _, _, err := Cut(items, self, 2, &token, "y"); !errors.Is(err, ErrToken) {
			t.Errorf("%s: got %v, want ErrToken", name, err)
		}
	}
}
