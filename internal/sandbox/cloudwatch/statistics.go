package cloudwatch

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	maxQueries    = 500
	maxDatapoints = 1440   // of one GetMetricStatistics
	maxReturned   = 100800 // of one GetMetricData
)

// bucket is one period's points together.
type bucket struct {
	at               time.Time
	unit             types.StandardUnit
	sum, samples     float64
	minimum, maximum float64
	values           []weighted
}

type weighted struct{ value, count float64 }

// buckets sums a metric's points up by period, oldest first. End is excluded.
func (w *CloudWatch) buckets(c *service.Call, m *types.Metric, start, end time.Time, period int32, unit types.StandardUnit) []bucket {
	w.mu.RLock()
	defer w.mu.RUnlock()
	s := w.metrics[location{c.Account, c.Region}][key(aws.ToString(m.Namespace), aws.ToString(m.MetricName), m.Dimensions)]
	if s == nil {
		return nil
	}
	length := time.Duration(period) * time.Second
	start = start.Truncate(length)
	var out []bucket
	for i := range s.points {
		p := &s.points[i]
		if p.at.Before(start) || !p.at.Before(end) || unit != "" && p.unit != unit {
			continue
		}
		at := p.at.Truncate(length).UTC()
		if len(out) == 0 || !out[len(out)-1].at.Equal(at) {
			out = append(out, bucket{at: at, unit: p.unit, minimum: p.minimum, maximum: p.maximum})
		}
		b := &out[len(out)-1]
		b.sum, b.samples = b.sum+p.sum, b.samples+p.samples
		b.minimum, b.maximum = min(b.minimum, p.minimum), max(b.maximum, p.maximum)
		for j, v := range p.values {
			b.values = append(b.values, weighted{v, p.count(j)})
		}
	}
	return out
}

// statistic computes one statistic by its name: the five plain ones, or a percentile such as p99.9.
func (b *bucket) statistic(name string) (float64, bool) {
	switch types.Statistic(name) {
	case types.StatisticAverage:
		return b.sum / b.samples, b.samples > 0
	case types.StatisticSum:
		return b.sum, true
	case types.StatisticMinimum:
		return b.minimum, true
	case types.StatisticMaximum:
		return b.maximum, true
	case types.StatisticSampleCount:
		return b.samples, true
	}
	rank, ok := percentile(name)
	if !ok || len(b.values) == 0 {
		return 0, false
	}
	slices.SortFunc(b.values, func(x, y weighted) int { return cmp.Compare(x.value, y.value) })
	wanted, seen := math.Ceil(rank/100*b.samples), 0.0
	for _, v := range b.values {
		if seen += v.count; seen >= wanted {
			return v.value, true
		}
	}
	return b.values[len(b.values)-1].value, true
}

func percentile(name string) (float64, bool) {
	digits, ok := strings.CutPrefix(name, "p")
	rank, err := strconv.ParseFloat(digits, 64)
	return rank, ok && err == nil && rank >= 0 && rank <= 100
}

func validStatistic(name string) bool {
	_, ok := percentile(name)
	return ok || slices.Contains(types.Statistic("").Values(), types.Statistic(name))
}

func checkPeriod(period int32) error {
	if period <= 0 || period%60 != 0 && !slices.Contains([]int32{1, 5, 10, 20, 30}, period) {
		return service.Errorf("InvalidParameterValue", "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
	}
	return nil
}

func (w *CloudWatch) getMetricStatistics(c *service.Call, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	if err := checkStatistics(in); err != nil {
		return nil, err
	}
	m := types.Metric{Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: in.Dimensions}
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	for _, b := range w.buckets(c, &m, *in.StartTime, *in.EndTime, *in.Period, in.Unit) {
		d := types.Datapoint{Timestamp: aws.Time(b.at), Unit: b.unit}
		for _, s := range in.Statistics {
			if v, ok := b.statistic(string(s)); ok {
				*member(&d, s) = &v
			}
		}
		for _, name := range in.ExtendedStatistics {
			if v, ok := b.statistic(name); ok {
				if d.ExtendedStatistics == nil {
					d.ExtendedStatistics = map[string]float64{}
				}
				d.ExtendedStatistics[name] = v
			}
		}
		out.Datapoints = append(out.Datapoints, d)
	}
	return out, nil
}

// member is where a datapoint keeps a statistic.
func member(d *types.Datapoint, s types.Statistic) **float64 {
	switch s {
	case types.StatisticAverage:
		return &d.Average
	case types.StatisticMinimum:
		return &d.Minimum
	case types.StatisticMaximum:
		return &d.Maximum
	case types.StatisticSampleCount:
		return &d.SampleCount
	}
	return &d.Sum
}

func checkStatistics(in *cloudwatch.GetMetricStatisticsInput) error {
	if (len(in.Statistics) == 0) == (len(in.ExtendedStatistics) == 0) {
		return service.Errorf("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics, but not both.")
	}
	for _, name := range in.ExtendedStatistics {
		if _, ok := percentile(name); !ok {
			return service.Errorf("InvalidParameterValue", "The value %s for parameter ExtendedStatistics is invalid.", name)
		}
	}
	if !in.StartTime.Before(*in.EndTime) {
		return service.Errorf("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
	}
	if err := checkPeriod(aws.ToInt32(in.Period)); err != nil {
		return err
	}
	if n := int64(in.EndTime.Sub(*in.StartTime) / (time.Duration(*in.Period) * time.Second)); n > maxDatapoints {
		return service.Errorf("InvalidParameterCombination", "You have requested up to %d datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n, maxDatapoints)
	}
	return nil
}

func (w *CloudWatch) getMetricData(c *service.Call, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	limit, from, err := checkQueries(in)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}, Messages: []types.MessageData{}}
	seen := 0 // points over all queries, to page by
	for i := range in.MetricDataQueries {
		q := &in.MetricDataQueries[i]
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		label := cmp.Or(aws.ToString(q.Label), aws.ToString(q.MetricStat.Metric.MetricName))
		result := types.MetricDataResult{Id: q.Id, Label: &label, StatusCode: types.StatusCodeComplete, Timestamps: []time.Time{}, Values: []float64{}}
		for _, v := range w.values(c, in, q.MetricStat) {
			if seen++; seen > from && seen <= from+limit {
				result.Timestamps, result.Values = append(result.Timestamps, v.at), append(result.Values, v.value)
			}
		}
		if seen > from+limit {
			result.StatusCode = types.StatusCodePartialData
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	if seen > from+limit {
		out.NextToken = aws.String(strconv.Itoa(from + limit))
	}
	return out, nil
}

type valueAt struct {
	at    time.Time
	value float64
}

// values computes one query's statistic by period: newest first, unless asked otherwise.
func (w *CloudWatch) values(c *service.Call, in *cloudwatch.GetMetricDataInput, stat *types.MetricStat) []valueAt {
	var out []valueAt
	for _, b := range w.buckets(c, stat.Metric, *in.StartTime, *in.EndTime, *stat.Period, stat.Unit) {
		if v, ok := b.statistic(*stat.Stat); ok {
			out = append(out, valueAt{b.at, v})
		}
	}
	if in.ScanBy != types.ScanByTimestampAscending {
		slices.Reverse(out)
	}
	return out
}

// checkQueries refuses what GetMetricData refuses, and returns how many points to answer with and from which on.
func checkQueries(in *cloudwatch.GetMetricDataInput) (limit, from int, err error) {
	invalid := func(format string, args ...any) (int, int, error) {
		return 0, 0, service.Errorf("ValidationError", format, args...)
	}
	if len(in.MetricDataQueries) > maxQueries {
		return invalid("The collection MetricDataQueries must not have a size greater than %d.", maxQueries)
	}
	if !in.StartTime.Before(*in.EndTime) {
		return invalid("The parameter StartTime must be less than the parameter EndTime.")
	}
	ids := map[string]bool{}
	name := regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)
	for _, q := range in.MetricDataQueries {
		id := aws.ToString(q.Id)
		switch {
		case !name.MatchString(id):
			return invalid("The value %s for parameter MetricDataQueries.member.1.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", id)
		case ids[id]:
			return invalid("The values for parameter id in MetricDataQueries are not unique.")
		case q.Expression != nil:
			return invalid("Metric math is not served here: %s", *q.Expression)
		case q.MetricStat == nil || q.MetricStat.Metric == nil:
			return invalid("Exactly one of the parameters must be specified: Expression, MetricStat.")
		case !validStatistic(aws.ToString(q.MetricStat.Stat)):
			return invalid("The value %s for parameter Stat is not supported.", aws.ToString(q.MetricStat.Stat))
		case checkPeriod(aws.ToInt32(q.MetricStat.Period)) != nil:
			return invalid("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
		}
		ids[id] = true
	}
	limit = maxReturned
	if in.MaxDatapoints != nil {
		limit = min(limit, int(*in.MaxDatapoints))
	}
	if in.NextToken != nil {
		from, err = strconv.Atoi(*in.NextToken)
		if err != nil || from < 0 {
			return 0, 0, service.Errorf("InvalidNextToken", "The next token specified is invalid.")
		}
	}
	return limit, from, nil
}
