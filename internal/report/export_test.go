package report

import "github.com/glueguard/glueguard/internal/finding"

// Tidy is what every format makes of text that others wrote.
var Tidy = tidy

// EachByHand yields what is put together by hand of each finding, and what encoding/json makes of the same.
func EachByHand(audit Source, yield func(byHand, byReflection string)) error {
	b, err := openBook()
	if err != nil {
		return err
	}
	hub, err := SecurityHub{Version: "1.2.3"}.Of(audit.Head())
	if err != nil {
		return err
	}
	c, lines := comparisonOf(audit), newEncoder()
	return audit.EachFinding(func(f finding.Finding) error {
		event := ocsfWriter{version: "1.2.3"}.event(b, "audit", 1, f)
		event.since(c, c.Of(f.ID), ocsfActivity(c, f))
		sent := hub.Finding(f).since(c, c.Of(f.ID))
		found := comparedFinding{complete(f), c.Of(f.ID)}
		for _, item := range []jsonAppender{&event, &sent, &found, &linedFinding{"finding", found}} {
			text, err := lines.marshal(item)
			if err != nil {
				return err
			}
			yield(string(item.appendTo(nil)), string(text))
		}
		return nil
	})
}
