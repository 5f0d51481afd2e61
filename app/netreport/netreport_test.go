package netreport

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/ui/words"
)

func TestReportForScripts(t *testing.T) {
	var out bytes.Buffer
	Print(&out, words.English(), reach.Report{
		Addresses: []reach.Address{
			{Host: "box:1", Failed: reach.StepName, Err: call.ErrUnreachable},
			{Host: "192.0.2.1:7843", RoundTrip: 1234567 * time.Nanosecond},
		},
		Best: 1, Media: reach.Ports{UDP: 7, TCP: 7}, TCP: reach.WayOpen, UDP: reach.WayClosed,
	}, true)
	got := out.String()
	for _, want := range []string{
		`{"reachable":true,"addresses":[{"address":"box:1","failed":"name","error":"`, `{"address":"192.0.2.1:7843","round_trip_ms":1.234}`,
		`"media":{"udp":7,"tcp":7},"tcp":"open","door":"unknown","udp":"closed","says":["The room server can be reached."`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	if strings.Count(got, "\n") != 1 {
		t.Error("it is not one line")
	}
}
