package cloudtrail

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	maxPage    = 50
	history    = 90 * 24 * time.Hour
	lookupRate = 2 // a second, per account and region. Source: LookupEvents API reference
)

// Service is CloudTrail as the sandbox serves it.
func (t *CloudTrail) Service() service.Service {
	return service.Service{Model: "cloudtrail", Prefix: "cloudtrail", Operations: []service.Operation{
		service.Op("LookupEvents", t.lookupEvents),
	}}
}

func (t *CloudTrail) lookupEvents(c *service.Call, in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	if !t.spend(c) {
		return nil, service.Errorf("ThrottlingException", "Rate exceeded")
	}
	q, err := newQuery(c, in)
	if err != nil {
		return nil, err
	}
	found, more := t.find(c, q)
	out := &cloudtrail.LookupEventsOutput{Events: make([]types.Event, 0, len(found))}
	for i := range found {
		out.Events = append(out.Events, found[i].event())
	}
	if more {
		out.NextToken = aws.String(q.token(found[len(found)-1].seq))
	}
	return out, nil
}

// spend takes one lookup from the location's budget and tells whether there was one left.
func (t *CloudTrail) spend(c *service.Call) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	trail := t.trail(c.Account, c.Region)
	if trail.budgetAt.IsZero() {
		trail.budget, trail.budgetAt = lookupRate, c.Now
	}
	if since := c.Now.Sub(trail.budgetAt); since > 0 {
		trail.budget = min(lookupRate, trail.budget+since.Seconds()*lookupRate)
		trail.budgetAt = c.Now
	}
	if trail.budget < 1 {
		return false
	}
	trail.budget--
	return true
}

// query is a checked LookupEvents request.
type query struct {
	key        types.LookupAttributeKey
	value      string
	start, end int64 // nanoseconds since 1970, both included
	limit      int
	before     uint64 // only events older than this one; 0: from the newest
	insight    bool   // insight events are asked for: there are none
	bound      string // what a token is bound to
}

func newQuery(c *service.Call, in *cloudtrail.LookupEventsInput) (query, error) {
	q := query{limit: maxPage, start: c.Now.Add(-history).UnixNano(), end: c.Now.UnixNano()}
	if in.MaxResults != nil {
		q.limit = int(*in.MaxResults)
		if q.limit < 1 || q.limit > maxPage {
			return q, service.Errorf("InvalidMaxResultsException", "A max results value of %d is invalid. Specify max results between 1 and %d.", q.limit, maxPage)
		}
	}
	switch in.EventCategory {
	case "":
	case types.EventCategoryInsight:
		q.insight = true
	default:
		return q, service.Errorf("InvalidEventCategoryException", "Invalid event category: %s", in.EventCategory)
	}
	if err := q.attribute(in.LookupAttributes); err != nil {
		return q, err
	}
	if in.StartTime != nil && in.EndTime != nil && in.StartTime.After(*in.EndTime) {
		return q, service.Errorf("InvalidTimeRangeException", "Invalid time range: start time is after end time.")
	}
	if in.StartTime != nil {
		q.start = max(q.start, in.StartTime.UnixNano())
	}
	if in.EndTime != nil {
		q.end = in.EndTime.Truncate(time.Second).Add(time.Second - 1).UnixNano()
	}
	q.bound = bind(in)
	if in.NextToken != nil {
		before, ok := q.open(*in.NextToken)
		if !ok {
			return q, service.Errorf("InvalidNextTokenException", "Invalid token or token was previously used with different parameters.")
		}
		q.before = before
	}
	return q, nil
}

func (q *query) attribute(attributes []types.LookupAttribute) error {
	if len(attributes) == 0 {
		return nil
	}
	if len(attributes) > 1 {
		return service.Errorf("InvalidLookupAttributesException", "You can only use one lookup attribute at a time.")
	}
	q.key, q.value = attributes[0].AttributeKey, aws.ToString(attributes[0].AttributeValue)
	if q.key == types.LookupAttributeKeyReadOnly && q.value != "true" && q.value != "false" {
		return service.Errorf("InvalidLookupAttributesException", "The ReadOnly attribute takes true or false.")
	}
	return nil
}

// find walks the location's events from the newest and returns a page of those that match, and whether there are more.
func (t *CloudTrail) find(c *service.Call, q query) (page []record, more bool) {
	if q.insight {
		return nil, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	trail := t.trail(c.Account, c.Region)
	read, notable := t.reads.get(trail.lastRead), t.notable.get(trail.lastNotable)
	for read != nil || notable != nil {
		var newest *record
		if notable == nil || read != nil && read.seq > notable.seq {
			newest, read = read, t.reads.get(read.prev)
		} else {
			newest, notable = notable, t.notable.get(notable.prev)
		}
		if q.before != 0 && newest.seq >= q.before || !q.matches(newest) {
			continue
		}
		if len(page) == q.limit {
			return page, true
		}
		page = append(page, *newest)
	}
	return page, false
}

func (q *query) matches(r *record) bool {
	if r.at < q.start || r.at > q.end {
		return false
	}
	switch q.key {
	case "":
		return true
	case types.LookupAttributeKeyEventId:
		return r.id() == q.value
	case types.LookupAttributeKeyEventName:
		return r.operation == q.value
	case types.LookupAttributeKeyReadOnly:
		return strconv.FormatBool(r.readOnly) == q.value
	case types.LookupAttributeKeyUsername:
		return r.username() == q.value
	case types.LookupAttributeKeyEventSource:
		return r.source == q.value
	case types.LookupAttributeKeyAccessKeyId:
		return r.principal.AccessKeyID == q.value
	}
	for _, resource := range r.resources() {
		if q.key == types.LookupAttributeKeyResourceType && *resource.ResourceType == q.value ||
			q.key == types.LookupAttributeKeyResourceName && *resource.ResourceName == q.value {
			return true
		}
	}
	return false
}

// bind digests the parameters that a token must be used with again.
func bind(in *cloudtrail.LookupEventsInput) string {
	h := fnv.New64a()
	for _, a := range in.LookupAttributes {
		fmt.Fprintf(h, "%s=%q,", a.AttributeKey, aws.ToString(a.AttributeValue))
	}
	fmt.Fprintf(h, "%d,%d,%s", aws.ToTime(in.StartTime).UnixNano(), aws.ToTime(in.EndTime).UnixNano(), in.EventCategory)
	return strconv.FormatUint(h.Sum64(), 16)
}

func (q *query) token(last uint64) string {
	return base64.StdEncoding.EncodeToString([]byte(q.bound + "/" + strconv.FormatUint(last, 10)))
}

func (q *query) open(token string) (before uint64, ok bool) {
	text, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	bound, last, _ := strings.Cut(string(text), "/")
	before, err = strconv.ParseUint(last, 10, 64)
	return before, err == nil && bound == q.bound
}
