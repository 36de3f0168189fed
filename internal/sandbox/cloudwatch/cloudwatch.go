// Package cloudwatch is the part of CloudWatch metrics that the sandbox serves: points go in, statistics come out.
// Metric math is not served.
package cloudwatch

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/glueguard/glueguard/internal/sandbox/paging"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Limits of the API. Source: CloudWatch user guide, "CloudWatch service quotas", and the PutMetricData reference.
const (
	maxData       = 1000 // metrics in one PutMetricData
	maxDimensions = 30
	maxValues     = 150
	oldest        = 14 * 24 * time.Hour
	newest        = 2 * time.Hour
	listPage      = 500
)

// CloudWatch holds metrics. It is safe for concurrent use.
type CloudWatch struct {
	mu      sync.RWMutex
	metrics map[location]map[string]*series // by key
}

type location struct{ account, region string }

// series is one metric: a namespace, a name and dimensions, with its points by time.
type series struct {
	metric types.Metric
	points []point
}

// point is what was put at one time: values and how often each occurred, or a set of statistics.
type point struct {
	at               time.Time
	unit             types.StandardUnit
	values, counts   []float64 // empty for a set of statistics
	sum, samples     float64
	minimum, maximum float64
}

// New makes a CloudWatch without metrics.
func New() *CloudWatch { return &CloudWatch{metrics: map[location]map[string]*series{}} }

// Service is CloudWatch as the sandbox serves it.
func (w *CloudWatch) Service() service.Service {
	return service.Service{Model: "cloudwatch", Prefix: "cloudwatch", Operations: []service.Operation{
		service.Op("PutMetricData", w.putMetricData),
		service.Op("ListMetrics", w.listMetrics),
		service.Op("GetMetricData", w.getMetricData),
		service.Op("GetMetricStatistics", w.getMetricStatistics),
	}}
}

// key identifies a metric: dimensions in any order are the same metric.
func key(namespace, name string, dimensions []types.Dimension) string {
	parts := make([]string, 0, len(dimensions))
	for _, d := range dimensions {
		parts = append(parts, aws.ToString(d.Name)+"\x01"+aws.ToString(d.Value))
	}
	slices.Sort(parts)
	return namespace + "\x00" + name + "\x00" + strings.Join(parts, "\x00")
}

func (w *CloudWatch) putMetricData(c *service.Call, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	namespace := aws.ToString(in.Namespace)
	if strings.HasPrefix(namespace, "AWS/") {
		return nil, service.Errorf("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
	}
	if len(in.MetricData) == 0 {
		return nil, service.Errorf("MissingParameter", "The parameter MetricData is required.")
	}
	if len(in.MetricData) > maxData {
		return nil, service.Errorf("InvalidParameterValue", "The collection MetricData must not have a size greater than %d.", maxData)
	}
	points := make([]point, len(in.MetricData))
	for i := range in.MetricData {
		p, err := newPoint(c.Now, &in.MetricData[i])
		if err != nil {
			return nil, err
		}
		points[i] = p
	}
	for i, d := range in.MetricData {
		w.put(c.Account, c.Region, types.Metric{Namespace: &namespace, MetricName: d.MetricName, Dimensions: d.Dimensions}, points[i])
	}
	return &cloudwatch.PutMetricDataOutput{}, nil
}

func newPoint(now time.Time, d *types.MetricDatum) (point, error) {
	p := point{at: now, unit: cmp.Or(d.Unit, types.StandardUnitNone)}
	if len(d.Dimensions) > maxDimensions {
		return p, service.Errorf("InvalidParameterValue", "The collection Dimensions must not have a size greater than %d.", maxDimensions)
	}
	if d.Timestamp != nil {
		p.at = *d.Timestamp
		if p.at.Before(now.Add(-oldest)) || p.at.After(now.Add(newest)) {
			return p, service.Errorf("InvalidParameterValue", "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks and no more than two hours in the future.")
		}
	}
	given := 0
	for _, has := range []bool{d.Value != nil, len(d.Values) > 0, d.StatisticValues != nil} {
		if has {
			given++
		}
	}
	switch {
	case given == 0:
		return p, service.Errorf("MissingParameter", "At least one of the parameters must be specified: Value, Values, StatisticValues.")
	case given > 1:
		return p, service.Errorf("InvalidParameterCombination", "The parameters Value, Values and StatisticValues are mutually exclusive.")
	case d.StatisticValues != nil:
		s := d.StatisticValues
		p.sum, p.samples, p.minimum, p.maximum = aws.ToFloat64(s.Sum), aws.ToFloat64(s.SampleCount), aws.ToFloat64(s.Minimum), aws.ToFloat64(s.Maximum)
		return p, nil
	case d.Value != nil:
		return p, p.fill([]float64{*d.Value}, nil)
	}
	return p, p.fill(d.Values, d.Counts)
}

func (p *point) fill(values, counts []float64) error {
	if len(values) > maxValues || counts != nil && len(counts) != len(values) {
		return service.Errorf("InvalidParameterValue", "The parameters Values and Counts must have the same size, of at most %d.", maxValues)
	}
	p.values, p.counts = slices.Clone(values), slices.Clone(counts)
	p.minimum, p.maximum = math.Inf(1), math.Inf(-1)
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return service.Errorf("InvalidParameterValue", "The value %v for parameter MetricData.member.1.Value is invalid.", v)
		}
		n := p.count(i)
		p.sum, p.samples = p.sum+v*n, p.samples+n
		p.minimum, p.maximum = min(p.minimum, v), max(p.maximum, v)
	}
	return nil
}

func (p *point) count(i int) float64 {
	if p.counts == nil {
		return 1
	}
	return p.counts[i]
}

func (w *CloudWatch) put(account, region string, m types.Metric, p point) {
	w.mu.Lock()
	defer w.mu.Unlock()
	place := location{account, region}
	if w.metrics[place] == nil {
		w.metrics[place] = map[string]*series{}
	}
	k := key(aws.ToString(m.Namespace), aws.ToString(m.MetricName), m.Dimensions)
	s := w.metrics[place][k]
	if s == nil {
		m.Dimensions = slices.Clone(m.Dimensions)
		s = &series{metric: m}
		w.metrics[place][k] = s
	}
	at, _ := slices.BinarySearchFunc(s.points, p.at, func(have point, want time.Time) int { return have.at.Compare(want) })
	s.points = slices.Insert(s.points, at, p)
}

// PutPoint adds one value, in any namespace and at any time: AWS's own metrics can be put in place with it.
func (w *CloudWatch) PutPoint(account, region string, m types.Metric, unit types.StandardUnit, at time.Time, value float64) {
	w.put(account, region, m, point{at: at, unit: unit, values: []float64{value}, sum: value, samples: 1, minimum: value, maximum: value})
}

func (w *CloudWatch) listMetrics(c *service.Call, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	since := c.Now.Add(-oldest)
	if in.RecentlyActive != "" {
		since = c.Now.Add(-3 * time.Hour) // PT3H is the only value
	}
	type found struct {
		key    string
		metric types.Metric
	}
	var all []found
	w.mu.RLock()
	for k, s := range w.metrics[location{c.Account, c.Region}] {
		if s.points[len(s.points)-1].at.Before(since) || !listed(&s.metric, in) {
			continue
		}
		all = append(all, found{k, s.metric})
	}
	w.mu.RUnlock()
	slices.SortFunc(all, func(a, b found) int { return strings.Compare(a.key, b.key) })
	page, next, err := paging.Cut(all, func(f found) string { return f.key }, listPage, in.NextToken, aws.ToString(in.Namespace)+"/"+aws.ToString(in.MetricName))
	if err != nil {
		return nil, service.Errorf("InvalidParameterValue", "Invalid nextToken")
	}
	out := &cloudwatch.ListMetricsOutput{NextToken: next, Metrics: make([]types.Metric, 0, len(page))}
	for _, f := range page {
		out.Metrics = append(out.Metrics, f.metric)
	}
	return out, nil
}

func listed(m *types.Metric, in *cloudwatch.ListMetricsInput) bool {
	if in.Namespace != nil && *in.Namespace != *m.Namespace || in.MetricName != nil && *in.MetricName != *m.MetricName {
		return false
	}
	for _, want := range in.Dimensions {
		if !slices.ContainsFunc(m.Dimensions, func(d types.Dimension) bool {
			return aws.ToString(d.Name) == aws.ToString(want.Name) && (want.Value == nil || *want.Value == aws.ToString(d.Value))
		}) {
			return false
		}
	}
	return true
}
