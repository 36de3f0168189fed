package deliver

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opImport = "securityhub:BatchImportFindings"
	opFind   = "securityhub:GetFindings"

	// idPrefix and generatorPrefix begin what report.SecurityHub gives our findings.
	idPrefix        = "glueguard/"
	generatorPrefix = "glueguard/"

	// batchBytes is less than the 6 MB that AWS takes at once.
	batchBytes = 5 << 20

	// mostNamed is how many refused findings of a location are kept by name; the others are counted.
	mostNamed = 50
)

// hub is one location's Security Hub while it is sent to.
type hub struct {
	*sending
	location resource.Location
	place    *awsapi.Place
	product  string
	batches  chan []item

	// Of the goroutine that reads the findings.
	batch []item
	bytes int
	ids   hashes // of the audit's own findings; read by the other one once all batches are through

	// Of the goroutine that sends.
	taken, resolved, lost int
	refused               []Refusal
	unnamed               map[string]*Refusal // refused ones beyond those kept by name, by code
	down                  *resource.Failure   // why nothing can be sent here
}

// hashes are a set of ids in eight bytes each: a location may have more than a hundred thousand.
type hashes struct {
	seed maphash.Seed
	of   map[uint64]struct{}
}

func newHashes() hashes { return hashes{maphash.MakeSeed(), map[uint64]struct{}{}} }

func (h hashes) add(id string) { h.of[maphash.String(h.seed, id)] = struct{}{} }

func (h hashes) has(id string) bool {
	_, ok := h.of[maphash.String(h.seed, id)]
	return ok
}

// put adds a finding to the batch, and hands a full batch over.
func (h *hub) put(f finding.Finding, firstSeen time.Time) {
	s := h.form.Finding(f)
	it := item{h.asff(s, firstSeen), nameOf(f)}
	h.ids.add(s.ID)
	size := weigh(s)
	if len(h.batch) == report.SecurityHubBatch || h.bytes+size > batchBytes {
		h.flush()
	}
	h.batch, h.bytes = append(h.batch, it), h.bytes+size
}

func nameOf(f finding.Finding) string {
	for _, name := range []string{f.Resource.ARN, f.Resource.Name, f.Resource.ID} {
		if name != "" {
			return name
		}
	}
	return "all of type " + string(f.Resource.Type)
}

// weigh is about what a finding takes in a request.
func weigh(f report.SecurityFinding) int {
	text, err := json.Marshal(f)
	if err != nil {
		return batchBytes // by itself, for AWS to refuse
	}
	return len(text)
}

func (h *hub) flush() {
	if len(h.batch) > 0 {
		h.batches <- h.batch
		h.batch, h.bytes = nil, 0
	}
}

// end hands the last batch over. A nil hub has nothing to end.
func (h *hub) end() {
	if h == nil {
		return
	}
	h.flush()
	close(h.batches)
}

// load sends one batch. Sending it again is no harm: AWS goes by the findings' ids and times.
func (h *hub) load(ctx context.Context, batch []item) {
	if h.down != nil {
		h.lost += len(batch)
		return
	}
	in := &securityhub.BatchImportFindingsInput{}
	names := map[string]string{}
	for _, it := range batch {
		in.Findings = append(in.Findings, it.AwsSecurityFinding)
		names[*it.Id] = it.resource
	}
	out, err := awsapi.Read(ctx, h.place, opImport, h.Session.SecurityHub.BatchImportFindings, in, h.place.SecurityHub())
	if err != nil {
		h.fail(opImport, err, len(batch))
		return
	}
	h.taken += len(batch) - len(out.FailedFindings)
	for _, f := range out.FailedFindings {
		h.refuse(f, names[aws.ToString(f.Id)])
	}
}

// fail notes that the location takes nothing.
func (h *hub) fail(operation string, err error, findings int) {
	why := awsapi.Classify(err, operation)
	h.down, h.lost = &why, h.lost+findings
}

// refuse notes a finding that was not taken. What AWS says of each when the hub is off is about the hub.
func (h *hub) refuse(f types.ImportFindingsError, name string) {
	r := Refusal{Location: h.location, Resource: name, Findings: 1, Failure: resource.Failure{
		Operation: opImport, Class: resource.Errored, Code: aws.ToString(f.ErrorCode), Message: aws.ToString(f.ErrorMessage),
	}}
	switch {
	case r.Code == "InvalidAccess":
		h.down, h.lost = &r.Failure, h.lost+1
	case len(h.refused) < mostNamed:
		h.refused = append(h.refused, r)
	default:
		if h.unnamed == nil {
			h.unnamed = map[string]*Refusal{}
		}
		if more := h.unnamed[r.Code]; more != nil {
			more.Findings++
		} else {
			r.Resource = ""
			h.unnamed[r.Code] = &r
		}
	}
}

// done adds what became of the location to the whole.
func (h *hub) done() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent.Findings += h.taken
	h.sent.Resolved += h.resolved
	if h.taken+h.resolved > 0 {
		h.sent.Locations++
	}
	if h.down != nil && (h.lost > 0 || !h.nowhere()) {
		h.sent.Refused = append(h.sent.Refused, Refusal{Location: h.location, Findings: h.lost, Failure: *h.down})
	}
	h.sent.Refused = append(h.sent.Refused, h.refused...)
	for _, more := range h.unnamed {
		h.sent.Refused = append(h.sent.Refused, *more)
	}
}

// nowhere tells whether the location has no Security Hub at all: then nothing was sent there before, either.
func (h *hub) nowhere() bool {
	switch h.down.Code {
	case "InvalidAccessException", "InvalidAccess", resource.NoSuchHost:
		return true
	}
	return h.down.Class == resource.Unsupported
}

// resolve archives what was sent before, and what the audit does not have although it saw all of the place. It goes
// through the hub until there is nothing left to archive: pages may shift while findings leave the list that they are of.
func (h *hub) resolve(ctx context.Context) {
	if h.down != nil || ctx.Err() != nil || len(h.settled[bare(h.location)]) == 0 {
		return
	}
	over := newHashes()
	for more := true; more && h.down == nil && ctx.Err() == nil; {
		before := len(over.of)
		if err := h.eachGone(ctx, over, func(batch []item) { h.archive(ctx, batch) }); err != nil {
			return
		}
		more = len(over.of) > before
	}
}

// archive sends a batch of what is gone.
func (h *hub) archive(ctx context.Context, gone []item) {
	taken, lost := h.taken, h.lost
	h.load(ctx, gone)
	h.resolved += h.taken - taken
	h.taken, h.lost = taken, lost
}

// eachGone hands over what is to be archived, in batches, but for what was handed over before. Its error was noted already.
func (h *hub) eachGone(ctx context.Context, over hashes, yield func([]item)) error {
	in := h.sentBefore()
	var batch []item
	for {
		out, err := awsapi.Read(ctx, h.place, opFind, h.Session.SecurityHub.GetFindings, in, h.place.SecurityHub())
		if err != nil {
			h.fail(opFind, err, 0)
			return err
		}
		for i := range out.Findings {
			f := &out.Findings[i]
			gone, err := h.isGone(ctx, f)
			if err != nil {
				h.mu.Lock()
				h.err = err
				h.mu.Unlock()
				return err
			}
			if !gone || over.has(aws.ToString(f.Id)) {
				continue
			}
			over.add(aws.ToString(f.Id))
			if batch = append(batch, item{h.archived(f), resourceOf(f)}); len(batch) == report.SecurityHubBatch {
				yield(batch)
				batch = nil
			}
		}
		if awsapi.LastPage(in.NextToken, out.NextToken) {
			break
		}
		in.NextToken = out.NextToken
	}
	if len(batch) > 0 {
		yield(batch)
	}
	return nil
}

// sentBefore asks for our active findings that this audit has not just updated: of a hundred thousand, mostly none.
func (h *hub) sentBefore() *securityhub.GetFindingsInput {
	equals := func(text string) []types.StringFilter {
		return []types.StringFilter{{Comparison: types.StringFilterComparisonEquals, Value: &text}}
	}
	return &securityhub.GetFindingsInput{
		MaxResults: aws.Int32(100),
		Filters: &types.AwsSecurityFindingFilters{
			ProductArn: equals(h.product), RecordState: equals(string(types.RecordStateActive)),
			GeneratorId: []types.StringFilter{{Comparison: types.StringFilterComparisonPrefix, Value: aws.String(generatorPrefix)}},
			UpdatedAt: []types.DateFilter{{
				Start: aws.String(stamp(time.Unix(0, 0))), End: aws.String(stamp(h.form.ObservedAt().Add(-time.Millisecond))),
			}},
		},
	}
}

func resourceOf(f *types.AwsSecurityFinding) string {
	if len(f.Resources) == 0 {
		return aws.ToString(f.Id)
	}
	return aws.ToString(f.Resources[0].Id)
}

// isGone tells whether a finding of ours is not the audit's any more. What a later audit has sent stays.
func (h *hub) isGone(ctx context.Context, f *types.AwsSecurityFinding) (bool, error) {
	id, generator := aws.ToString(f.Id), aws.ToString(f.GeneratorId)
	sentAt, err := time.Parse(time.RFC3339Nano, aws.ToString(f.UpdatedAt))
	if h.ids.has(id) || !strings.HasPrefix(id, idPrefix) || err == nil && !h.form.ObservedAt().After(sentAt) {
		return false, nil
	}
	return h.settled.Gone(ctx, h.Memory, strings.TrimPrefix(id, idPrefix), control.ID(strings.TrimPrefix(generator, generatorPrefix)), bare(h.location))
}
