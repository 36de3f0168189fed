package daemon

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails where a daemon that has ended leaves a goroutine.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
