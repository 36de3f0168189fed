package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The parts of botocore's service-2.json that the facts are taken from.
type botoService struct {
	Metadata struct {
		APIVersion      string          `json:"apiVersion"`
		EndpointPrefix  string          `json:"endpointPrefix"`
		SigningName     string          `json:"signingName"`
		ServiceID       string          `json:"serviceId"`
		JSONVersion     string          `json:"jsonVersion"`
		TargetPrefix    string          `json:"targetPrefix"`
		XMLNamespace    string          `json:"xmlNamespace"`
		Protocol        string          `json:"protocol"`
		Protocols       []string        `json:"protocols"`
		QueryCompatible json.RawMessage `json:"awsQueryCompatible"`
	} `json:"metadata"`
	Operations map[string]botoOperation `json:"operations"`
	Shapes     map[string]botoShape     `json:"shapes"`
}

type botoOperation struct {
	HTTP struct {
		Method string `json:"method"`
		URI    string `json:"requestUri"`
		Status int    `json:"responseCode"`
	} `json:"http"`
	Input  *botoRef  `json:"input"`
	Output *botoRef  `json:"output"`
	Errors []botoRef `json:"errors"`
}

type botoRef struct {
	Shape         string         `json:"shape"`
	LocationName  string         `json:"locationName"`
	QueryName     string         `json:"queryName"`
	Location      string         `json:"location"`
	ResultWrapper string         `json:"resultWrapper"`
	Flattened     bool           `json:"flattened"`
	XMLAttribute  bool           `json:"xmlAttribute"`
	Idempotent    bool           `json:"idempotencyToken"`
	XMLNamespace  *botoNamespace `json:"xmlNamespace"`
}

// botoNamespace is written as an object or, for a few shapes, as the bare URI.
type botoNamespace struct{ Prefix, URI string }

func (n *botoNamespace) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &n.URI)
	}
	type plain botoNamespace
	return json.Unmarshal(raw, (*plain)(n))
}

type botoShape struct {
	Type      string         `json:"type"`
	Members   orderedMembers `json:"members"`
	Required  []string       `json:"required"`
	Member    *botoRef       `json:"member"`
	Key       *botoRef       `json:"key"`
	Value     *botoRef       `json:"value"`
	Enum      []string       `json:"enum"`
	Min       *float64       `json:"min"`
	Max       *float64       `json:"max"`
	Pattern   string         `json:"pattern"`
	Union     bool           `json:"union"`
	Document  bool           `json:"document"`
	Sensitive bool           `json:"sensitive"`
	Flattened bool           `json:"flattened"`
	Payload   string         `json:"payload"`
	Format    string         `json:"timestampFormat"`
	Fault     bool           `json:"fault"`
	XMLNS     *botoNamespace `json:"xmlNamespace"`
	Error     struct {
		Code   string `json:"code"`
		Status int    `json:"httpStatusCode"`
		Fault  bool   `json:"fault"`
	} `json:"error"`
}

type namedRef struct {
	Name string
	botoRef
}

// orderedMembers keeps the order of a JSON object, since XML answers are in the model's order.
type orderedMembers []namedRef

func (m *orderedMembers) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		ref := namedRef{Name: name.(string)}
		if err := d.Decode(&ref.botoRef); err != nil {
			return err
		}
		*m = append(*m, ref)
	}
	return nil
}

// readService reads the newest API version of a service, plain or gzipped.
func readService(models, name string) (*botoService, error) {
	versions, err := os.ReadDir(filepath.Join(models, name))
	if err != nil {
		return nil, fmt.Errorf("no such service in the models: %w", err)
	}
	newest := slices.MaxFunc(versions, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	path := filepath.Join(models, name, newest.Name(), "service-2.json")
	raw, err := readMaybeGzip(path)
	if err != nil {
		return nil, err
	}
	s := new(botoService)
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, fmt.Errorf("decoding %s: %w", path, err)
	}
	return s, nil
}

func readMaybeGzip(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return raw, err
	}
	f, err := os.Open(path + ".gz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s.gz: %w", path, err)
	}
	return io.ReadAll(z)
}

// botocoreVersion reads it from the package that the data folder is part of.
func botocoreVersion(models string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(models, "..", "__init__.py"))
	if err != nil {
		return "", fmt.Errorf("the models' version is in the package around them: %w", err)
	}
	found := regexp.MustCompile(`(?m)^__version__ = '([^']+)'`).FindSubmatch(raw)
	if found == nil {
		return "", errors.New("no __version__ beside the models")
	}
	return string(found[1]), nil
}
