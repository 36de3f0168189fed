package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/glue"
)

// controlPath is where the sandbox is controlled, beside AWS's own paths.
const controlPath = "/_sandbox/"

const maxControlBody = 1 << 20

// control serves what is the sandbox's own:
//
//	GET  calls             counts by operation, account and region; ?last=N adds the last calls, ?reset starts anew
//	GET  faults            the script
//	POST faults            a fault is added, a list replaces the script ([] clears it)
//	POST clock             {"advance": "10m"}; GET tells the time
//	POST settings          any of {"latency", "provisioning", "rate", "end_of_life"}
//	POST write             an endpoint writes to S3, as people's work on it would: {"account", "region", "endpoint", "path",
//	                       "body"}; "path" is s3://BUCKET/KEY, and "unencrypted" leaves the encryption to the bucket
//	POST reset             everything as at the start
//
// AWS calls with the header X-Sandbox-Onlooker meet no faults.
func (s *Sandbox) control(w http.ResponseWriter, r *http.Request) {
	answer, err := s.controlled(r)
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		var unknown *unknownControl
		if errors.As(err, &unknown) {
			status = http.StatusNotFound
		}
		answer = map[string]string{"error": err.Error()}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer can't be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that has gone misses nothing
}

type unknownControl struct{ what string }

func (u *unknownControl) Error() string { return "the sandbox has no control " + u.what }

func (s *Sandbox) controlled(r *http.Request) (any, error) {
	what := r.Method + " " + r.URL.Path[len(controlPath):]
	switch what {
	case "GET calls":
		return s.reportCalls(r)
	case "GET faults":
		return s.faults.list(), nil
	case "POST faults":
		return s.changeFaults(r)
	case "GET clock":
		return map[string]time.Time{"now": s.clock.now()}, nil
	case "POST clock":
		return s.moveClock(r)
	case "POST settings":
		return s.changeSettings(r)
	case "POST write":
		return s.writeFromEndpoint(r)
	case "POST reset":
		return map[string]bool{"reset": true}, s.reset()
	}
	return nil, &unknownControl{what}
}

func (s *Sandbox) reportCalls(r *http.Request) (any, error) {
	query := r.URL.Query()
	last := 0
	if text := query.Get("last"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, errors.New("last must be a number")
		}
		last = n
	}
	report := s.calls.report(last)
	if query.Has("reset") {
		s.calls.reset()
	}
	return report, nil
}

// read decodes a control's body and refuses what it does not know.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, maxControlBody))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func (s *Sandbox) changeFaults(r *http.Request) (any, error) {
	var raw json.RawMessage
	if err := read(r, &raw); err != nil {
		return nil, err
	}
	list, err := DecodeFaults(raw)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		s.faults.set(list)
	} else {
		s.faults.add(list)
	}
	return s.faults.list(), nil
}

// DecodeFaults reads one fault or a list of faults, as a file of faults and POST /_sandbox/faults have them.
func DecodeFaults(raw []byte) ([]Fault, error) {
	var list []Fault
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		if err := d.Decode(&list); err != nil {
			return nil, err
		}
	} else {
		list = make([]Fault, 1)
		if err := d.Decode(&list[0]); err != nil {
			return nil, err
		}
	}
	for _, f := range list {
		if err := f.check(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// writeFromEndpoint does what no AWS call does: it lets an endpoint write an object.
func (s *Sandbox) writeFromEndpoint(r *http.Request) (any, error) {
	var body struct {
		Account     string `json:"account"`
		Region      string `json:"region"`
		Endpoint    string `json:"endpoint"`
		Path        string `json:"path"`
		Body        string `json:"body"`
		Unencrypted bool   `json:"unencrypted"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	e := s.estate.Load()
	if e.writer == nil {
		return nil, errors.New("there is no Glue to write")
	}
	err := e.writer.WriteFromEndpoint(s.clock.now(), glue.Write{
		Account: body.Account, Region: body.Region, Endpoint: body.Endpoint, Path: body.Path, Body: []byte(body.Body), Unencrypted: body.Unencrypted,
	})
	return map[string]string{"written": body.Path}, err
}

func (s *Sandbox) moveClock(r *http.Request) (any, error) {
	var body struct {
		Advance Duration `json:"advance"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if body.Advance < 0 {
		return nil, errors.New("the clock only moves forward")
	}
	return map[string]time.Time{"now": s.clock.advance(time.Duration(body.Advance))}, nil
}

func (s *Sandbox) changeSettings(r *http.Request) (any, error) {
	var body struct {
		Latency      *Duration `json:"latency"`
		Provisioning *Duration `json:"provisioning"`
		Rate         *float64  `json:"rate"`
		EndOfLife    *bool     `json:"end_of_life"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if body.Latency != nil && *body.Latency < 0 || body.Provisioning != nil && *body.Provisioning < 0 || body.Rate != nil && *body.Rate < 0 {
		return nil, errors.New("settings must not be negative")
	}
	if body.Latency != nil {
		s.settings.latency.Store(int64(*body.Latency))
	}
	if body.Provisioning != nil {
		s.setProvisioning(time.Duration(*body.Provisioning))
	}
	if body.Rate != nil {
		s.throttle.setRate(*body.Rate)
	}
	if body.EndOfLife != nil {
		s.setEndOfLife(*body.EndOfLife)
	}
	return map[string]any{
		"latency":      Duration(s.settings.latency.Load()),
		"provisioning": Duration(s.settings.provisioning.Load()),
		"rate":         s.throttle.limit(),
		"end_of_life":  s.settings.endOfLife.Load(),
	}, nil
}
