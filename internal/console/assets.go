package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets/*.css assets/*.js assets/*.svg
var assetFiles embed.FS

// asset is one file that pages refer to. Its address carries a digest of its content, so that browsers keep it for ever.
type asset struct {
	url     string
	kind    string // media type
	content []byte
}

// assets are the files by name and by address.
type assets struct {
	byName map[string]*asset
	byURL  map[string]*asset
}

func readAssets() (*assets, error) {
	all := &assets{byName: map[string]*asset{}, byURL: map[string]*asset{}}
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return nil, fmt.Errorf("read the console's assets: %w", err)
	}
	for _, e := range entries {
		content, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read the console's assets: %w", err)
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(e.Name())
		a := &asset{
			url:     "/assets/" + strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext,
			kind:    kindOf(ext),
			content: content,
		}
		all.byName[e.Name()], all.byURL[a.url] = a, a
	}
	return all, nil
}

// kindOf is the media type of a file; the machine's own table of types is asked last, since it may lack them.
func kindOf(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(ext)
}

// url is where pages find an asset. A name that there is none of is a fault of the template, which then fails.
func (a *assets) url(name string) (string, error) {
	if f, ok := a.byName[name]; ok {
		return f.url, nil
	}
	return "", fmt.Errorf("the console has no asset %q", name)
}

func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byURL[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+path.Base(f.url)+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}
