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

func (e *CallError) Error() string {
	if f := e.Failure; f.Class == resource.Errored && f.Code != "" { // of which the code says more than its class
		return fmt.Sprintf("%s: %s: %s: %s", e.Location, f.Operation, f.Code, f.Message)
	}
	return fmt.Sprintf("%s: %s", e.Location, e.Failure)
}

// Unwrap implements errors.Is and errors.As.
func (e *CallError) Unwrap() error { return e.Err }
