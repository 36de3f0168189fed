package console

import (
	"net/url"
	"strconv"
)

// pageSize is how many lines a list shows at once.
const pageSize = 50

// resourceURL is the page of a resource; empty for one that has no ARN, of a listing that failed.
func resourceURL(arn, _ string) string {
	if arn == "" {
		return "/coverage?unread=true"
	}
	return "/resource?" + url.Values{"arn": {arn}}.Encode()
}

// with is the query with some values replaced, as an address of the page. An empty value takes the name out. Going on
// from another place than the beginning only makes sense for the same list, so the offset goes unless it is given.
func with(path string, q url.Values, pairs ...string) string {
	next := url.Values{}
	for name, values := range q {
		if name != "offset" && name != "done" {
			next[name] = values
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			next.Del(pairs[i])
		} else {
			next.Set(pairs[i], pairs[i+1])
		}
	}
	if len(next) == 0 {
		return path
	}
	return path + "?" + next.Encode()
}

// without is the query with one value of a name taken out.
func without(path string, q url.Values, name, value string) string {
	next := url.Values{}
	for n, values := range q {
		for _, v := range values {
			if n != "offset" && n != "done" && (n != name || v != value) {
				next.Add(n, v)
			}
		}
	}
	if len(next) == 0 {
		return path
	}
	return path + "?" + next.Encode()
}

// pager says which part of a list is shown, and where the other parts are.
type pager struct {
	First, Last, Total int
	Back, On           string
}

func pagerOf(path string, q url.Values, offset, shown, total int) pager {
	p := pager{First: min(offset+1, total), Last: min(offset+shown, total), Total: total}
	if offset > 0 {
		p.Back = with(path, q, "offset", nonZero(max(0, offset-pageSize)))
	}
	if offset+shown < total && shown > 0 {
		p.On = with(path, q, "offset", nonZero(offset+shown))
	}
	return p
}

func nonZero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// offsetOf reads where a list begins. What is no number, or out of bounds, is the beginning: addresses are shared and cut.
func offsetOf(q url.Values) int {
	n, err := strconv.Atoi(q.Get("offset"))
	if err != nil || n < 0 || n > 10_000_000 {
		return 0
	}
	return n
}
