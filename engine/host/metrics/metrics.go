// Package metrics counts what a door does, for Prometheus. A metric's labels come
// from fixed lists, never from a guest, so that nobody can make them grow.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Path is where a door serves its metrics.
const Path = "/metrics"

// Door is one door's metrics. Its methods may be called from any goroutine.
type Door struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	open     *prometheus.GaugeVec
	refusals *prometheus.CounterVec
}

// New makes the metrics of a door that has done nothing yet.
func New() *Door {
	d := &Door{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_door_requests_total", Help: "Requests that the door has received, by path.",
		}, []string{"path"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "foyer_door_requests_open",
			Help: "Requests that the door is answering, by path; those to /rtc are connected guests.",
		}, []string{"path"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_door_refusals_total", Help: "Requests that the door has refused, by the refusal's code.",
		}, []string{"code"}),
	}
	d.registry.MustRegister(d.requests, d.open, d.refusals)
	return d
}

// Count counts the requests that h answers at a path, one of the door's.
func (d *Door) Count(path string, h http.HandlerFunc) http.HandlerFunc {
	requests, open := d.requests.WithLabelValues(path), d.open.WithLabelValues(path)
	return func(w http.ResponseWriter, r *http.Request) {
		requests.Inc()
		open.Inc()
		defer open.Dec()
		h(w, r)
	}
}

// Refused counts a refusal. code is one of the door's.
func (d *Door) Refused(code string) { d.refusals.WithLabelValues(code).Inc() }

// Handler serves the metrics of the door and of this process; LiveKit's are among
// these if its server runs in it.
func (d *Door) Handler() http.Handler {
	return promhttp.HandlerFor(prometheus.Gatherers{d.registry, prometheus.DefaultGatherer}, promhttp.HandlerOpts{
		MaxRequestsInFlight: 2,
	})
}
