package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/console"
)

const (
	asks      = 100 // of each page
	downloads = 2   // of each whole file, and of what reads AWS: as many as are asked at once

	caller     = "111111111111" // the sandbox's management account
	everything = "a file of everything"
	readsAWS   = "reads AWS"
	// What a page may take, half of the time and ninety-nine times of a hundred.
	pageMedian, pageP99 = 100 * time.Millisecond, 300 * time.Millisecond
)

// question is a page or an operation that is asked for, and what came of it.
type question struct {
	name  string // the pattern, and what of it was asked
	path  string
	first time.Duration // nobody had asked before
	times []time.Duration
	bytes int
	whole string // why it is not held to what a page may take: it hands out everything, or reads AWS
	alone bool   // asked by somebody who has not signed in
}

func (q *question) at(percent int) time.Duration {
	return q.times[min(len(q.times)-1, len(q.times)*percent/100)]
}

func (q *question) missed() bool {
	return q.whole == "" && (q.at(50) > pageMedian || q.at(99) > pageP99)
}

// consolePages are all that the console answers GET requests with, from its own list.
func consolePages(found sample) ([]*question, error) {
	h, err := console.New(console.Options{
		Operations: struct{ openapi.StrictServerInterface }{}, Problem: func(error) openapi.Problem { return openapi.Problem{} }, Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	var list []*question
	for _, pattern := range h.Patterns() {
		path, isGet := strings.CutPrefix(pattern, "GET ")
		if !isGet || strings.HasSuffix(path, "/live") || path == "/favicon.ico" || path == "/assets/" { // streams, redirects and files
			continue
		}
		made, err := questions(path, found)
		if err != nil {
			return nil, err
		}
		list = append(list, made...)
	}
	return list, nil
}

// apiQuestions are all GET operations of the document that the server hands out.
func (s *served) apiQuestions(ctx context.Context) ([]*question, error) {
	text, err := s.get(ctx, basePath+"/openapi.yaml")
	if err != nil {
		return nil, err
	}
	var document struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	var list []*question
	for path, operations := range document.Paths {
		if _, ok := operations["get"]; !ok || path == "/events" {
			continue
		}
		made, err := questions(basePath+path, s.sample)
		if err != nil {
			return nil, err
		}
		list = append(list, made...)
	}
	slices.SortFunc(list, func(a, b *question) int { return strings.Compare(a.name, b.name) })
	return list, nil
}

// questions are what is asked of one pattern: several where it shows very different amounts.
func questions(pattern string, found sample) ([]*question, error) {
	bare := strings.TrimPrefix(pattern, basePath)
	path := strings.NewReplacer(
		"{account}", found.account, "{region}", found.region, "{other}", found.earlier, "{verb}", "backout", "{digest}", found.plan, "{$}", "",
	).Replace(pattern)
	for prefix, id := range map[string]string{
		"/audits/": found.audit, "/changes/": found.change, "/requests/": found.request, "/findings/": found.finding, "/controls/": endpointControl,
	} {
		if strings.HasPrefix(bare, prefix) {
			path = strings.Replace(path, "{id}", id, 1)
		}
	}
	ask := func(suffix, path string) *question {
		return &question{name: strings.TrimSpace(pattern + " " + suffix), path: path}
	}
	if pattern == basePath+"/plans/{digest}" { // a page shows a part of a plan, and this is all of it
		q := ask("", path)
		q.whole = everything
		return []*question{q}, nil
	}
	switch bare {
	case "/audits/{id}/report/{format}":
		var list []*question
		for _, format := range formats() {
			q := ask(format, strings.Replace(path, "{format}", format, 1))
			q.whole = everything
			list = append(list, q)
		}
		return list, nil
	case "/findings.csv", "/changes/{id}/evidence":
		q := ask("", path)
		q.whole = everything
		return []*question{q}, nil
	case "/cleanup", "/leftovers", "/locations/{account}/{region}/keys":
		q := ask("", strings.Replace(path, found.account, caller, 1)) // whose own role may list keys
		q.whole = readsAWS
		return []*question{q}, nil
	case "/resource", "/resource/edit":
		return []*question{ask("", query(path, map[string]string{"arn": found.resource}))}, nil
	case "/login", "/setup":
		q := ask("", path+"?ticket=x")
		q.alone = true
		return []*question{q}, nil
	case "/findings", "/endpoints", "/transforms":
		return []*question{
			ask("", path+"?facets=true"),
			ask("search", path+"?facets=true&q=platform&sort=name"),
			ask("deep", fmt.Sprintf("%s?facets=true&sort=status&offset=%d", path, found.findings/4)),
		}, nil
	}
	if strings.Contains(path, "{") {
		return nil, fmt.Errorf("nothing is known to ask %s for", pattern)
	}
	return []*question{ask("", path)}, nil
}

func formats() []string {
	return []string{"table", "json", "jsonl", "markdown", "csv", "html", "junit", "sarif", "ocsf", "asff"}
}

// ask asks each question once, and then many times, two at once, and one question after the other.
func (s *served) ask(ctx context.Context, list []*question) error {
	for _, q := range list {
		times := asks
		if q.whole != "" {
			times = downloads
		}
		start := time.Now()
		if _, err := s.read(ctx, q); err != nil {
			return err
		}
		q.first = time.Since(start)
		if err := s.askOne(ctx, q, times); err != nil {
			return err
		}
	}
	return nil
}

func (s *served) askOne(ctx context.Context, q *question, times int) error {
	next, failed := make(chan struct{}), make(chan error, atOnce)
	var mu sync.Mutex
	for range atOnce {
		go func() {
			var failure error
			for range next {
				start := time.Now()
				n, err := s.read(ctx, q)
				took := time.Since(start)
				mu.Lock()
				q.times, q.bytes = append(q.times, took), n
				mu.Unlock()
				failure = errors.Join(failure, err)
			}
			failed <- failure
		}()
	}
	for range times {
		next <- struct{}{}
	}
	close(next)
	var err error
	for range atOnce {
		err = errors.Join(err, <-failed)
	}
	slices.Sort(q.times)
	return err
}

// read reads an answer to its end. Only an answer that shows what was asked for counts: anything else may be quick.
func (s *served) read(ctx context.Context, q *question) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+q.path, http.NoBody)
	if err != nil {
		return 0, err
	}
	client := *s.client
	if q.alone {
		client.Jar = nil
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", q.path, resp.Status)
	}
	return int(n), err
}

// told makes lines of what each question took, the slowest first.
func told(list []*question) []string {
	slices.SortFunc(list, func(a, b *question) int { return int(b.at(50) - a.at(50)) })
	lines := make([]string, 0, len(list))
	for _, q := range list {
		verdict := ""
		switch {
		case q.whole != "":
			verdict = " (" + q.whole + ")"
		case q.missed():
			verdict = " MISSED"
		}
		lines = append(lines, fmt.Sprintf("%7.1f ms median, %7.1f ms p99, %7.1f ms the first time, %9d bytes  %s%s",
			q.at(50).Seconds()*1000, q.at(99).Seconds()*1000, q.first.Seconds()*1000, q.bytes, q.name, verdict))
	}
	return lines
}
