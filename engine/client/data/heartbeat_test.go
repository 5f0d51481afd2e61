package data

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"foyer/engine/client/data/datatest"
	"foyer/engine/client/roster"
)

// TestHeartbeatsAreRead: a heartbeat is never data for the user, whatever is in it, and
// nobody can make us wait for ever.
func TestHeartbeatsAreRead(t *testing.T) {
	for name, test := range map[string]struct {
		payload []byte
		want    []time.Duration
	}{
		"a second":     {binary.AppendUvarint(nil, 1000), []time.Duration{time.Second}},
		"reconnecting": {binary.AppendUvarint(nil, 0), []time.Duration{0}},
		"too soon":     {binary.AppendUvarint(nil, 1), []time.Duration{roster.HeartbeatInterval}},
		"never":        {binary.AppendUvarint(nil, 1<<63), []time.Duration{roster.MaxHeartbeatInterval}},
		"empty":        {nil, nil},
		"cut":          {[]byte{0x80}, nil},
		"endless":      {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, nil},
	} {
		d := NewReceiver(false)
		var got []time.Duration
		for _, item := range d.Receive(datatest.Heartbeat(t, "PA_b", test.payload), false, time.Now()) {
			got = append(got, item.(Heartbeat).Next)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
