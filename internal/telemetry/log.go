// Package telemetry is what a running Glueguard tells those who operate it: a log of what it does, and metrics. Neither
// ever holds a secret: no passwords, tokens or cookies, no query strings, no contents of resources.
package telemetry

import (
	"fmt"
	"io"
	"log/slog"
)

// LogFormats lists the forms in which a log can be written.
func LogFormats() []string { return []string{"text", "json"} }

// NewLogger returns a log that is written in one of the LogFormats.
func NewLogger(w io.Writer, format string) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, fmt.Errorf("log format %q: want text or json", format)
}
