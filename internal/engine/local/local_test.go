package local_test

import (
	"testing"
	"testing/synctest"

	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/engine/enginetest"
	"github.com/glueguard/glueguard/internal/engine/local"
)

func TestConformance(t *testing.T) {
	enginetest.Test(t, enginetest.Harness{
		New: func(_ testing.TB, w engine.Worker) engine.Engine { return local.New(w, local.Options{}) },
		In:  synctest.Test,
	})
}
