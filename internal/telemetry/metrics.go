package telemetry

import (
	"context"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the numbers of one daemon, in a registry of its own.
type Metrics struct {
	registry *prometheus.Registry

	requests   *prometheus.HistogramVec
	audits     *prometheus.CounterVec
	auditTime  prometheus.Histogram
	calls      *prometheus.CounterVec
	signIns    *prometheus.CounterVec
	reloads    *prometheus.CounterVec
	notAfter   prometheus.Gauge
	subscribed prometheus.Gauge
}

// NewMetrics returns metrics that say which version of the program they are of.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "glueguard_http_request_duration_seconds", Help: "How long requests took, by method, pattern of the route and status.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route", "status"}),
		audits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "glueguard_audits_total", Help: "Audits that the daemon ran, by verdict: compliant, failing, incomplete, interrupted, error.",
		}, []string{"verdict"}),
		auditTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "glueguard_audit_duration_seconds", Help: "How long the daemon's audits took.", Buckets: prometheus.ExponentialBuckets(.25, 2, 12),
		}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "glueguard_aws_calls_total", Help: "Requests sent to AWS, each retry counted, by operation and outcome.",
		}, []string{"operation", "outcome"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "glueguard_sign_ins_total", Help: "Attempts to sign in, by method and outcome.",
		}, []string{"method", "outcome"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "glueguard_tls_reloads_total", Help: "Readings of a changed TLS certificate, by outcome: ok, failed. A failed one leaves the old certificate in use.",
		}, []string{"outcome"}),
		notAfter: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "glueguard_tls_certificate_not_after_seconds", Help: "When the TLS certificate in use ends, as a Unix time; 0 without TLS.",
		}),
		subscribed: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "glueguard_event_streams", Help: "Open streams of events.",
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "glueguard_build_info", Help: "Always 1: the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.audits, m.auditTime, m.calls, m.signIns, m.reloads, m.notAfter, m.subscribed, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request counts an HTTP request. route is the pattern that it matched, never its path: paths are without number.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Audit counts an audit.
func (m *Metrics) Audit(verdict string, took time.Duration) {
	m.audits.WithLabelValues(verdict).Inc()
	m.auditTime.Observe(took.Seconds())
}

// Call counts a request to AWS.
func (m *Metrics) Call(operation, outcome string) { m.calls.WithLabelValues(operation, outcome).Inc() }

// SignIn counts an attempt to sign in.
func (m *Metrics) SignIn(method, outcome string) { m.signIns.WithLabelValues(method, outcome).Inc() }

// Reloaded counts a reading of a changed certificate; notAfter is when the one in use ends.
func (m *Metrics) Reloaded(ok bool, notAfter time.Time) {
	outcome := "ok"
	if !ok {
		outcome = "failed"
	}
	m.reloads.WithLabelValues(outcome).Inc()
	m.Certificate(notAfter)
}

// Certificate says when the certificate in use ends.
func (m *Metrics) Certificate(notAfter time.Time) { m.notAfter.Set(float64(notAfter.Unix())) }

// Streams adds to the number of open streams of events.
func (m *Metrics) Streams(n int) { m.subscribed.Add(float64(n)) }

// Count is one value of what is counted when somebody asks.
type Count struct {
	Labels []string
	Value  float64
}

// Counted adds a gauge whose values are counted when the metrics are read. Where they can't be, the gauge is left out
// and failed is told.
func (m *Metrics) Counted(name, help string, labels []string, count func(context.Context) ([]Count, error), failed func(error)) {
	m.registry.MustRegister(&counted{desc: prometheus.NewDesc(name, help, labels, nil), count: count, failed: failed})
}

// patience is how long counting may take: whoever scrapes does not wait for ever.
const patience = 5 * time.Second

type counted struct {
	desc   *prometheus.Desc
	count  func(context.Context) ([]Count, error)
	failed func(error)
}

// Describe implements prometheus.Collector.
func (c *counted) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

// Collect implements prometheus.Collector.
func (c *counted) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	counts, err := c.count(ctx)
	if err != nil {
		c.failed(err)
		return
	}
	for _, n := range counts {
		to <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, n.Value, n.Labels...)
	}
}

// Handler serves the metrics in the formats of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2})
}
