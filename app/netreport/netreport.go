// Package netreport prints what a test of the way to a room server has found.
package netreport

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"foyer/engine/call/reach"
	"foyer/ui/words"
)

// report is one for scripts. Once published, names and fields stay; there may be more.
type report struct {
	Reachable bool        `json:"reachable"`
	Addresses []address   `json:"addresses"`
	Media     reach.Ports `json:"media"`
	TCP       string      `json:"tcp"` // open, closed or unknown
	Door      string      `json:"door"`
	UDP       string      `json:"udp"`
	Says      []string    `json:"says"`
}

type address struct {
	Address   string     `json:"address"`
	Failed    reach.Step `json:"failed,omitempty"`
	Error     string     `json:"error,omitempty"`
	RoundTrip float64    `json:"round_trip_ms,omitempty"`
	Spread    float64    `json:"spread_ms,omitempty"`
}

// Print prints sentences, or one JSON object.
func Print(out io.Writer, book *words.Book, r reach.Report, asJSON bool) {
	says := words.SayReport(book, r, time.Now())
	if !asJSON {
		for _, sentence := range says {
			fmt.Fprintln(out, sentence)
		}
		return
	}
	all := report{
		Reachable: r.Best >= 0, Addresses: []address{}, Media: r.Media, TCP: way(r.TCP), Door: way(r.Door), UDP: way(r.UDP),
		Says: says,
	}
	for _, a := range r.Addresses {
		line := address{Address: a.Host, Failed: a.Failed, RoundTrip: ms(a.RoundTrip), Spread: ms(a.Spread)}
		if a.Err != nil {
			line.Error = a.Err.Error()
		}
		all.Addresses = append(all.Addresses, line)
	}
	_ = json.NewEncoder(out).Encode(all) // if it fails, nobody reads it
}

func way(w reach.Way) string {
	switch w {
	case reach.WayOpen:
		return "open"
	case reach.WayClosed:
		return "closed"
	case reach.WayUnknown:
	}
	return "unknown"
}

// ms is a time in milliseconds, with three digits behind the point.
func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
