package cloudwatch

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func call() *service.Call {
	return &service.Call{Account: "111111111111", Region: "eu-west-1", Now: noon()}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var refused *service.Error
	if !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func dims(pairs ...string) []types.Dimension {
	var out []types.Dimension
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.Dimension{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return out
}

// filled has a metric "elapsed" of job "a" with 10, 20 in one minute and 60 in the next, and one of job "b".
func filled(t *testing.T) *CloudWatch {
	t.Helper()
	w := New()
	datum := func(value float64, back time.Duration, job string) types.MetricDatum {
		return types.MetricDatum{
			MetricName: aws.String("elapsed"), Value: &value, Timestamp: aws.Time(noon().Add(-back)), Unit: types.StandardUnitMilliseconds,
			Dimensions: dims("JobName", job, "Type", "count"),
		}
	}
	_, err := w.putMetricData(call(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Glue"), MetricData: []types.MetricDatum{
		datum(60, 9*time.Minute, "a"), datum(10, 10*time.Minute, "a"), datum(20, 10*time.Minute-30*time.Second, "a"), datum(5, 4*time.Hour, "b"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestGetMetricStatistics(t *testing.T) {
	t.Parallel()
	out, err := filled(t).getMetricStatistics(call(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("Glue"), MetricName: aws.String("elapsed"), Dimensions: dims("Type", "count", "JobName", "a"),
		StartTime: aws.Time(noon().Add(-time.Hour)), EndTime: aws.Time(noon()), Period: aws.Int32(60), Statistics: types.Statistic("").Values(),
	})
	if err != nil || len(out.Datapoints) != 2 {
		t.Fatalf("got %d points, %v", len(out.Datapoints), err)
	}
	d := out.Datapoints[0]
	got := []float64{*d.Sum, *d.Average, *d.Minimum, *d.Maximum, *d.SampleCount}
	if diff := cmp.Diff([]float64{30, 15, 10, 20, 2}, got); diff != "" || d.Unit != types.StandardUnitMilliseconds {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestGetMetricData(t *testing.T) {
	t.Parallel()
	w := filled(t)
	query := func(id, stat string, period int32) types.MetricDataQuery {
		return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{Stat: &stat, Period: &period, Metric: &types.Metric{
			Namespace: aws.String("Glue"), MetricName: aws.String("elapsed"), Dimensions: dims("JobName", "a", "Type", "count"),
		}}}
	}
	in := &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(noon().Add(-time.Hour)), EndTime: aws.Time(noon()),
		MetricDataQueries: []types.MetricDataQuery{query("sum", "Sum", 60), query("p50", "p50", 3600), query("p100", "p100", 3600)},
	}
	in.MetricDataQueries[2].ReturnData = aws.Bool(false)
	out, err := w.getMetricData(call(), in)
	if err != nil || len(out.MetricDataResults) != 2 {
		t.Fatalf("got %+v, %v", out, err)
	}
	if d := cmp.Diff([]float64{60, 30}, out.MetricDataResults[0].Values); d != "" { // newest first
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff([]float64{20}, out.MetricDataResults[1].Values); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}

	in.ScanBy, in.MaxDatapoints = types.ScanByTimestampAscending, aws.Int32(1)
	var pages [][]float64
	for {
		out, err := w.getMetricData(call(), in)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, append(out.MetricDataResults[0].Values, out.MetricDataResults[1].Values...))
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	if d := cmp.Diff([][]float64{{30}, {60}, {20}}, pages); d != "" {
		t.Errorf("pages -want +got:\n%s", d)
	}
}

func TestGetMetricDataRefusals(t *testing.T) {
	t.Parallel()
	good := func() types.MetricDataQuery {
		return types.MetricDataQuery{Id: aws.String("a"), MetricStat: &types.MetricStat{Stat: aws.String("Sum"), Period: aws.Int32(60), Metric: &types.Metric{}}}
	}
	many := make([]types.MetricDataQuery, 501)
	for i := range many {
		many[i] = good()
		many[i].Id = aws.String(fmt.Sprintf("q%d", i))
	}
	for name, edit := range map[string]func(*cloudwatch.GetMetricDataInput){
		"501 queries":  func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries = many },
		"times":        func(in *cloudwatch.GetMetricDataInput) { in.StartTime = in.EndTime },
		"id":           func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries[0].Id = aws.String("A") },
		"same id":      func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries = append(in.MetricDataQueries, good()) },
		"neither":      func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat = nil },
		"period":       func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Period = aws.Int32(61) },
		"no statistic": func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Stat = aws.String("Sums") },
		"metric math":  func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries[0].Expression = aws.String("a+b") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &cloudwatch.GetMetricDataInput{
				StartTime: aws.Time(noon().Add(-time.Hour)), EndTime: aws.Time(noon()), MetricDataQueries: []types.MetricDataQuery{good()},
			}
			edit(in)
			_, err := New().getMetricData(call(), in)
			wantCode(t, err, "ValidationError")
		})
	}
}

func TestPutRefusals(t *testing.T) {
	t.Parallel()
	one := aws.Float64(1)
	for _, tc := range []struct {
		name, code, namespace string
		data                  []types.MetricDatum
	}{
		{"AWS's namespace", "InvalidParameterValue", "AWS/Glue", []types.MetricDatum{{Value: one}}},
		{"nothing", "MissingParameter", "Glue", nil},
		{"too many", "InvalidParameterValue", "Glue", make([]types.MetricDatum, 1001)},
		{"no value", "MissingParameter", "Glue", []types.MetricDatum{{}}},
		{"two kinds of value", "InvalidParameterCombination", "Glue", []types.MetricDatum{{Value: one, Values: []float64{1}}}},
		{"not a number", "InvalidParameterValue", "Glue", []types.MetricDatum{{Value: aws.Float64(math.NaN())}}},
		{"too old", "InvalidParameterValue", "Glue", []types.MetricDatum{{Value: one, Timestamp: aws.Time(noon().Add(-15 * 24 * time.Hour))}}},
		{"in the future", "InvalidParameterValue", "Glue", []types.MetricDatum{{Value: one, Timestamp: aws.Time(noon().Add(3 * time.Hour))}}},
		{"counts of another length", "InvalidParameterValue", "Glue", []types.MetricDatum{{Values: []float64{1, 2}, Counts: []float64{1}}}},
		{"31 dimensions", "InvalidParameterValue", "Glue", []types.MetricDatum{{Value: one, Dimensions: make([]types.Dimension, 31)}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := New().putMetricData(call(), &cloudwatch.PutMetricDataInput{Namespace: &tc.namespace, MetricData: tc.data})
			wantCode(t, err, tc.code)
		})
	}
}

func TestStatisticsRefusals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, code string
		edit       func(*cloudwatch.GetMetricStatisticsInput)
	}{
		{"no statistic", "InvalidParameterCombination", func(in *cloudwatch.GetMetricStatisticsInput) { in.Statistics = nil }},
		{"percentile", "InvalidParameterValue", func(in *cloudwatch.GetMetricStatisticsInput) {
			in.Statistics, in.ExtendedStatistics = nil, []string{"p101"}
		}},
		{"period", "InvalidParameterValue", func(in *cloudwatch.GetMetricStatisticsInput) { in.Period = aws.Int32(7) }},
		{"times", "InvalidParameterValue", func(in *cloudwatch.GetMetricStatisticsInput) { in.StartTime = in.EndTime }},
		{"too many points", "InvalidParameterCombination", func(in *cloudwatch.GetMetricStatisticsInput) { in.Period = aws.Int32(1) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in := &cloudwatch.GetMetricStatisticsInput{
				StartTime: aws.Time(noon().Add(-time.Hour)), EndTime: aws.Time(noon()), Period: aws.Int32(60), Statistics: []types.Statistic{types.StatisticSum},
			}
			tc.edit(in)
			_, err := New().getMetricStatistics(call(), in)
			wantCode(t, err, tc.code)
		})
	}
}

func TestListMetrics(t *testing.T) {
	t.Parallel()
	w := filled(t)
	w.PutPoint("111111111111", "eu-west-1", types.Metric{Namespace: aws.String("AWS/S3"), MetricName: aws.String("size")}, types.StandardUnitBytes, noon().Add(-time.Minute), 3)
	for _, tc := range []struct {
		name string
		in   cloudwatch.ListMetricsInput
		want int
	}{
		{"all", cloudwatch.ListMetricsInput{}, 3},
		{"namespace", cloudwatch.ListMetricsInput{Namespace: aws.String("Glue")}, 2},
		{"dimension", cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: aws.String("JobName"), Value: aws.String("b")}}}, 1},
		{"dimension of any value", cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: aws.String("JobName")}}}, 2},
		{"recent", cloudwatch.ListMetricsInput{RecentlyActive: types.RecentlyActivePt3h}, 2},
		{"name", cloudwatch.ListMetricsInput{MetricName: aws.String("size")}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, err := w.listMetrics(call(), &tc.in)
			if err != nil || len(out.Metrics) != tc.want {
				t.Errorf("got %d, %v; want %d", len(out.Metrics), err, tc.want)
			}
		})
	}
}
