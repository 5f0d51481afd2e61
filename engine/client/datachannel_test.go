package client

import (
	"testing"

	"foyer/engine/call"
)

// TestDataChannelsEnd: the data channels, and the connection beneath them, are closed
// while the server can be reached. We join anew, and are heard.
func TestDataChannelsEnd(t *testing.T) {
	modes(t, func(t *testing.T, change func(*Dialer)) {
		a, b := pair(t, sharedServer(t), change, change)
		hears(t, b, "ada")
		n, m := a.events(), b.events()
		if err := a.ask(t.Context(), func() error { return a.transport.Pub.PC.SCTP().Stop() }); err != nil {
			t.Fatal(err)
		}
		wait[call.SessionReconnecting](a, n, "reconnecting", nil)
		wait[call.SessionReconnected](a, n, "reconnected", nil)
		eventually(t, "ada is heard", func() bool {
			if err := a.SendData(t.Context(), "after", []byte("it")); err != nil {
				t.Fatal(err)
			}
			for _, l := range b.seen()[m:] {
				if e, ok := l.ev.(call.DataReceived); ok && e.Topic == "after" {
					return true
				}
			}
			return false
		})
	})
}
