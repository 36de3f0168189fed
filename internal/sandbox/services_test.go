package sandbox

import (
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/model"
)

func TestEveryServedOperationHasFactsThatFitItsStructs(t *testing.T) {
	t.Parallel()
	e, err := newEstate(Options{}, time.Now(), assemble)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range e.bySigningName {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			codec, err := s.wire()
			if err != nil {
				t.Fatal(err)
			}
			if err := codec.Compile(); err != nil {
				t.Error(err)
			}
			facts, err := model.Load(s.service.Model)
			if err != nil {
				t.Fatal(err)
			}
			for op := range facts.Operations {
				if s.operations[op] == nil {
					t.Errorf("facts are kept about %s, which is not served: remove it from operations.txt", op)
				}
			}
		})
	}
}
