package words

import (
	"slices"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
)

// A report says what was tried, and claims nothing about what was not.
func TestWhatATestOfTheNetworkSays(t *testing.T) {
	answers := []reach.Address{{Host: "a:1", RoundTrip: 20 * time.Millisecond}}
	for name, tt := range map[string]struct {
		report reach.Report
		want   []string // the beginnings of its sentences
	}{
		"all well": {
			reach.Report{Addresses: answers, Media: reach.Ports{UDP: 7, TCP: 7, Door: true}, TCP: reach.WayOpen, Door: reach.WayOpen},
			[]string{"The room server can be reached", "Audio and video get through over TCP, at port 7", "Only people in a room learn whether UDP port 7", "a:1 answers in 20 ms."},
		},
		"the door alone": {
			reach.Report{Addresses: answers, Media: reach.Ports{UDP: 7, TCP: 7, Door: true}, TCP: reach.WayClosed, Door: reach.WayOpen, UDP: reach.WayClosed},
			[]string{"The room server", "Audio and video get through over TCP, at the port of the link", "TCP port 7", "UDP port 7, for audio and video, is closed", "a:1"},
		},
		"no media": {
			reach.Report{Addresses: answers, Media: reach.Ports{UDP: 7, TCP: 7}, TCP: reach.WayClosed, UDP: reach.WayClosed},
			[]string{"The room server", "Audio and video do not get through", "TCP port 7", "UDP port 7", "a:1"},
		},
		"TCP closed, UDP not known": {
			reach.Report{Addresses: answers, Media: reach.Ports{UDP: 7, TCP: 7}, TCP: reach.WayClosed},
			[]string{"The room server", "TCP port 7", "Audio and video need UDP port 7", "a:1"},
		},
		"UDP alone": {
			reach.Report{Addresses: answers, Media: reach.Ports{UDP: 7}},
			[]string{"The room server", "Audio and video need UDP port 7", "a:1"},
		},
		"an older door":    {reach.Report{Addresses: answers}, []string{"The room server", "The server does not say", "a:1"}},
		"a LiveKit server": {reach.Report{Addresses: answers, Plain: true}, []string{"The room server", "This is a LiveKit server", "a:1"}},
		"far away": {
			reach.Report{Addresses: []reach.Address{{Host: "a:1", RoundTrip: time.Second, Spread: 5 * time.Millisecond}}},
			[]string{"The room server", "Responses are slow", "The server does not say", "a:1 answers in 1000 ms, at times up to 5 ms later"},
		},
		"nobody": {
			reach.Report{Best: -1, Addresses: []reach.Address{
				{Host: "a:1", Failed: reach.StepName, Err: call.ErrUnreachable}, {Host: "b:1", Failed: reach.StepConnect, Err: call.ErrServerSilent},
				{Host: "c:1", Failed: reach.StepConnect, Err: call.ErrUnreachable}, {Host: "d:1", Failed: reach.StepTLS, Err: call.ErrWrongServer},
				{Host: "e:1", Failed: reach.StepAnswer, Err: call.ErrServerGarbage},
			}},
			[]string{
				"The room server cannot be reached", "a:1: this name", "b:1 does not answer", "c:1 refuses connections",
				"d:1: This is not the computer that the link was made for.", "e:1: Foyer does not understand",
			},
		},
	} {
		got := SayReport(English(), tt.report, time.Now())
		if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
			t.Errorf("%s:\n%s", name, strings.Join(got, "\n"))
		}
	}
}
