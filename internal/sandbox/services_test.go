package sandbox

import (
	"testing"
	"time"
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
		})
	}
}
