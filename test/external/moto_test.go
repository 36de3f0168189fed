package external_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox"
)

// TestMoto sends one script to the sandbox and to moto, and compares what they answer.
func TestMoto(t *testing.T) { //nolint:tparallel // each call of the script builds on those before
	t.Parallel()
	pool := startDrivers(t, 1)
	moto := startMoto(t, python(t))
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	found := newLedger()
	ours := &side{url: server.URL, pool: pool, account: managementID, saved: vars{"account": managementID}}
	theirs := &side{url: moto, pool: pool, account: motoAccount, saved: vars{"account": motoAccount}}
	for _, trial := range script() {
		t.Run(trial.name, func(t *testing.T) { found.compare(t, trial, ours, theirs) })
	}
	t.Run("every accepted difference still occurs", func(t *testing.T) {
		for _, stale := range found.stale() {
			t.Errorf("no longer occurs, take it out of the table: %s", stale)
		}
	})
	t.Logf("%d calls compared, %d differences accepted for %d reasons", len(script()), found.count(), len(accepted()))
}

// startMoto starts a moto server, which ends with the test, and returns its URL once it accepts connections.
func startMoto(t *testing.T, interpreter string) string {
	t.Helper()
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	log, err := os.Create(t.TempDir() + "/moto.log")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), interpreter, "-m", "moto.server", "-H", "127.0.0.1", "-p", port)
	command.Env = append(environment(), "MOTO_EC2_LOAD_DEFAULT_AMIS=false") // thousands, which nothing here asks for
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatalf("start moto: %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- command.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		<-ended // the test's context has killed it
		_ = log.Close()
	})
	if err := await(address, ended); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("moto does not serve: %v\n%s", err, text)
	}
	return "http://" + address
}

// freeAddress returns a loopback address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// await polls until an HTTP server answers, its process ends, or 20 seconds are over.
func await(address string, ended <-chan error) error {
	client := http.Client{Timeout: time.Second}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("it ended: %w", err)
		case <-late:
			return errors.New("no answer within 20 s")
		case <-tick.C:
		}
		response, err := client.Get("http://" + address + "/moto-api/")
		if err == nil {
			return response.Body.Close()
		}
	}
}

// motoAccount is what moto takes every access key for.
const motoAccount = "123456789012"

// side is one of the two servers, with the values its answers gave.
type side struct {
	url     string
	pool    drivers
	saved   vars
	account string
}

// outcome is what one side answered, as far as the two are compared.
type outcome struct {
	status  int
	code    string
	members map[string]bool // paths of the output, "DevEndpoints[].Status"
	odd     []string        // what the service model does not allow in the answer
}

// call makes one call of the script.
func (s *side) call(trial trial) (outcome, error) {
	service, operation, _ := strings.Cut(trial.call, ".")
	region := trial.region
	if region == "" {
		region = "eu-central-1"
	}
	got, err := s.pool.ask(request{
		Kind: "api", Service: service, Operation: operation, Params: s.fill(trial.params).(map[string]any),
		Endpoint: s.url, Region: region, Env: credentials{AccessKeyID: s.account, SecretAccessKey: "secret"}.env(),
	})
	if err != nil {
		return outcome{}, err
	}
	if got.Error != "" || len(got.Calls) != 1 {
		return outcome{}, fmt.Errorf("%s: %s (%d HTTP calls)", trial.call, got.Error, len(got.Calls))
	}
	for name, path := range trial.save {
		if value, ok := at(got.Output, path); ok {
			s.saved[name] = fmt.Sprint(value)
		}
	}
	o := outcome{status: got.Calls[0].Status, code: got.Calls[0].Code, odd: got.Calls[0].Odd, members: map[string]bool{}}
	members(got.Output, "", o.members)
	return o, nil
}

// fill puts saved values into parameters.
func (s *side) fill(value any) any {
	switch v := value.(type) {
	case string:
		return s.saved.expand(v)
	case map[string]any:
		filled := map[string]any{}
		for name, member := range v {
			filled[name] = s.fill(member)
		}
		return filled
	case []any:
		filled := []any{}
		for _, item := range v {
			filled = append(filled, s.fill(item))
		}
		return filled
	}
	return value
}

// members notes the path of every member of an output; all items of a list share one path.
func members(value any, path string, found map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			below := name
			if path != "" {
				below = path + "." + name
			}
			found[below] = true
			members(member, below, found)
		}
	case []any:
		for _, item := range v {
			found[path+"[]"] = true
			members(item, path+"[]", found)
		}
	}
}

// differences lists how two outcomes differ, in the words of the table of accepted differences.
func differences(ours, theirs outcome) []string {
	if ours.status != theirs.status || ours.code != theirs.code {
		return []string{ours.say() + ", moto " + theirs.say()}
	}
	var found []string
	for path := range ours.members {
		if !theirs.members[path] && theirs.has(parent(path)) {
			found = append(found, "only sandbox: "+path)
		}
	}
	for path := range theirs.members {
		if !ours.members[path] && ours.has(parent(path)) {
			found = append(found, "only moto: "+path)
		}
	}
	return found
}

// parent returns the path of what a member is in. Where that itself differs, its members are not news.
func parent(path string) string {
	if list, ok := strings.CutSuffix(path, "[]"); ok {
		return list
	}
	return path[:max(0, strings.LastIndex(path, "."))]
}

// has tells whether the output has something at a path.
func (o outcome) has(path string) bool { return path == "" || o.members[path] }

func (o outcome) say() string {
	if o.code == "" {
		return strconv.Itoa(o.status)
	}
	return strconv.Itoa(o.status) + " " + o.code
}

// ledger keeps which accepted differences occurred.
type ledger struct{ occurred map[string]bool }

func newLedger() *ledger { return &ledger{occurred: map[string]bool{}} }

func (l *ledger) compare(t *testing.T, trial trial, ours, theirs *side) {
	if trial.motoOnly {
		if got, err := theirs.call(trial); err != nil || got.code != "" {
			t.Fatalf("moto: %v %s", err, got.say())
		}
		return
	}
	a, err := ours.call(trial)
	if err != nil {
		t.Fatalf("sandbox: %v", err)
	}
	for _, odd := range a.odd {
		t.Errorf("%s is not as the service model says: %s", trial.call, odd)
	}
	b, err := theirs.call(trial)
	if err != nil {
		t.Fatalf("moto: %v", err)
	}
	for _, difference := range differences(a, b) {
		if !l.accept(trial, difference) {
			t.Errorf("%s: %s", trial.call, difference)
		}
	}
}

// accept notes a difference that the table has, for this call of the script or for its operation.
func (l *ledger) accept(trial trial, difference string) bool {
	known := false
	for _, a := range accepted() {
		if a.on != trial.name && a.on != trial.call {
			continue
		}
		for _, what := range a.what {
			if what == difference {
				known = true
				l.occurred[a.on+": "+what] = true
			}
		}
	}
	return known
}

// stale lists the accepted differences that did not occur.
func (l *ledger) stale() []string {
	var stale []string
	for _, a := range accepted() {
		for _, what := range a.what {
			if !l.occurred[a.on+": "+what] {
				stale = append(stale, a.on+": "+what)
			}
		}
	}
	return stale
}

func (l *ledger) count() int { return len(l.occurred) }
