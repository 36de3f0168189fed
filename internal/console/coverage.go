package console

import (
	"net/http"
	"slices"

	"github.com/glueguard/glueguard/internal/api/openapi"
)

// coveragePage says what an audit could not read.
type coveragePage struct {
	openapi.CoveragePage
	Lines            []coverageLine
	UnreadOnly       bool
	AllLink, BadLink string
	Pager            pager
	NoAudit          bool
	Account, Region  string
}

type coverageLine struct {
	openapi.CoverageLine
	Mark mark
}

func (c *console) coverage(r *http.Request) (view, error) {
	q := r.URL.Query()
	audit := q.Get("audit")
	if audit == "" {
		audit = "latest"
	}
	page := coveragePage{
		UnreadOnly: q.Get("unread") != "", AllLink: with("/coverage", q, "unread", ""), BadLink: with("/coverage", q, "unread", "true"),
		Account: q.Get("account"), Region: q.Get("region"),
	}
	params := openapi.ListCoverageParams{Unread: page.UnreadOnly, Account: filled(q["account"]), Region: filled(q["region"]), Offset: offsetOf(q), Limit: pageSize}
	got, err := answered[openapi.ListCoverage200JSONResponse](c.ask.ListCoverage(r.Context(), openapi.ListCoverageRequestObject{ID: audit, Params: params}))
	if c.isMissing(err) && q.Get("audit") == "" {
		page.NoAudit = true
		return view{page: "coverage", title: "Coverage", data: page}, nil
	}
	if err != nil {
		return view{}, err
	}
	page.CoveragePage = openapi.CoveragePage(got)
	for _, line := range page.Items {
		page.Lines = append(page.Lines, coverageLine{line, coverageMark(line)})
	}
	page.Pager = pagerOf("/coverage", q, params.Offset, len(page.Items), page.Total)
	return view{page: "coverage", title: "Coverage", data: page}, nil
}

// filled leaves out what was sent empty.
func filled(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
}

func coverageMark(l openapi.CoverageLine) mark {
	switch {
	case l.Coverage.Status == "ok":
		return mark{"Read", "pass", "pass"}
	case l.Unread:
		return mark{sentence(l.Coverage.Status), "fail", "fail"}
	}
	return mark{sentence(l.Coverage.Status), "none", "none"}
}
