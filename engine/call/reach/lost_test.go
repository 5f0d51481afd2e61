package reach

import "testing"

func TestLost(t *testing.T) {
	opened := Router{State: Opened, Outside: "203.0.113.5:1"}
	relayed := Router{State: Silent, Relay: Relay{State: Relayed, At: "203.0.113.9:1"}}
	lost := Router{State: Silent, Relay: Relay{State: RelayLost, At: "203.0.113.9:1"}}
	near := "192.168.1.10:1"
	for _, tt := range []struct {
		before []string
		was    Router
		now    []string
		is     Router
		want   bool
	}{
		{nil, Router{}, nil, Router{}, false},
		{[]string{near}, Router{State: Asking}, []string{opened.Outside, near}, opened, false},
		{[]string{opened.Outside, near}, opened, []string{opened.Outside, "192.168.1.11:1"}, opened, false},
		{[]string{opened.Outside, near}, opened, []string{near}, Router{State: Silent}, true},
		{[]string{"meet.example.org:1"}, opened, []string{"meet.example.org:1"}, Router{State: Asking}, true},
		{[]string{opened.Outside}, opened, []string{"203.0.113.6:1"}, Router{State: Opened, Outside: "203.0.113.6:1"}, true},
		{[]string{"[2001:db8::1]:1", near}, Router{}, []string{near}, Router{}, true},
		{[]string{relayed.Relay.At}, relayed, []string{lost.Relay.At}, lost, true},
		{[]string{lost.Relay.At}, lost, []string{relayed.Relay.At}, relayed, false},
	} {
		if got := Lost(tt.before, tt.was, tt.now, tt.is); got != tt.want {
			t.Errorf("%v, %+v, then %v, %+v: %v", tt.before, tt.was, tt.now, tt.is, got)
		}
	}
}
