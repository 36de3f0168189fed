package deliver

import (
	"fmt"

	"github.com/glueguard/glueguard/internal/resource"
)

// CallError is a call that AWS refused or did not answer.
type CallError struct {
	Location resource.Location
	Failure  resource.Failure
	Err      error
}

func (e *CallError) Error() string { return fmt.Sprintf("%s: %s", e.Location, e.Failure) }
func (e *CallError) Unwrap() error { return e.Err }
