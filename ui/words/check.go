package words

import (
	"errors"
	"strconv"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
)

// slowTrip is a round trip with which people begin to talk over each other (ITU-T G.114
// has 150 ms for one way, of which the network has about half).
const slowTrip = 200 * time.Millisecond

// SayReport says what a test of the way to a room server has found, in sentences, the most
// important one first. It promises nothing that was not tried.
func SayReport(b *Book, r reach.Report, now time.Time) []string {
	if r.Best < 0 {
		return append([]string{b.T("check.bad")}, sayAddresses(b, r, now)...)
	}
	said := []string{b.T("check.good")}
	if r.Addresses[r.Best].RoundTrip >= slowTrip {
		said = append(said, b.T("check.slow"))
	}
	said = append(said, sayMedia(b, r)...)
	return append(said, sayAddresses(b, r, now)...)
}

// sayMedia says what is known of the ways of audio and video.
func sayMedia(b *Book, r reach.Report) (said []string) {
	port := func(key string, port int) { said = append(said, b.T(key, "port", strconv.Itoa(port))) }
	switch {
	case r.Plain:
		return []string{b.T("check.plain")}
	case r.Media == reach.Ports{}:
		return []string{b.T("check.media_unknown")}
	case r.TCP == reach.WayOpen:
		port("check.tcp", r.Media.TCP)
	case r.Door == reach.WayOpen:
		said = append(said, b.T("check.door"))
	case r.UDP == reach.WayClosed:
		said = append(said, b.T("check.no_media"))
	}
	if r.TCP == reach.WayClosed {
		port("check.tcp_closed", r.Media.TCP)
	}
	switch {
	case r.Media.UDP == 0:
	case r.UDP == reach.WayClosed:
		port("check.udp_closed", r.Media.UDP)
	case r.UDP == reach.WayUnknown && r.TCP != reach.WayOpen && r.Door != reach.WayOpen:
		port("check.udp_alone", r.Media.UDP)
	case r.UDP == reach.WayUnknown:
		port("check.udp", r.Media.UDP)
	}
	return said
}

func sayAddresses(b *Book, r reach.Report, now time.Time) (said []string) {
	for _, a := range r.Addresses {
		key, args := "check.failed", []string{"address", a.Host}
		switch {
		case a.Failed == reach.StepNone && a.Spread >= time.Millisecond:
			key, args = "check.spread", append(args, "time", Milliseconds(a.RoundTrip), "spread", Milliseconds(a.Spread))
		case a.Failed == reach.StepNone:
			key, args = "check.round_trip", append(args, "time", Milliseconds(a.RoundTrip))
		case a.Failed == reach.StepName:
			key = "check.name"
		case a.Failed == reach.StepConnect && errors.Is(a.Err, call.ErrServerSilent):
			key = "check.silent"
		case a.Failed == reach.StepConnect:
			key = "check.refused"
		default:
			args = append(args, "error", b.Error(a.Err, "", call.SourceUnknown, now).String())
		}
		said = append(said, b.T(key, args...))
	}
	return said
}
