package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

//go:embed templates/*.html
var templateFiles embed.FS

// pages are the templates: each page's own, with the frame and the parts that all share.
type pages struct {
	byName map[string]*template.Template
}

// readPages parses every page. Files whose name begins with an underscore are parts of all pages.
func readPages(funcs template.FuncMap) (*pages, error) {
	base, err := template.New("frame").Funcs(funcs).Option("missingkey=error").ParseFS(templateFiles, "templates/_*.html")
	if err != nil {
		return nil, fmt.Errorf("read the console's templates: %w", err)
	}
	names, err := fs.Glob(templateFiles, "templates/[a-z]*.html")
	if err != nil {
		return nil, fmt.Errorf("read the console's templates: %w", err)
	}
	p := &pages{byName: map[string]*template.Template{}}
	for _, file := range names {
		t, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("read the console's templates: %w", err)
		}
		if _, err := t.ParseFS(templateFiles, file); err != nil {
			return nil, fmt.Errorf("read the console's templates: %w", err)
		}
		p.byName[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return p, nil
}

// render writes one block of a page: "frame" is all of it. It is written whole or not at all.
func (p *pages) render(page, block string, data any) ([]byte, error) {
	t, ok := p.byName[page]
	if !ok {
		return nil, fmt.Errorf("the console has no page %q", page)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, block, data); err != nil {
		return nil, fmt.Errorf("write page %s: %w", page, err)
	}
	return b.Bytes(), nil
}
