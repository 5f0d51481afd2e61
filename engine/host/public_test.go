package host

import (
	"errors"
	"slices"
	"testing"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/internal/testenv"
)

func TestPublicAddresses(t *testing.T) {
	log, _ := testenv.NewLog()
	many := Config{Data: t.TempDir(), Log: log}
	for i := range maxLinkHosts + 1 {
		many.Public = append(many.Public, string(rune('a'+i))+".example")
	}
	wrong := Config{Data: many.Data, Log: log, Public: []string{"https://meet.example.org"}}
	for _, conf := range []Config{many, wrong} {
		if _, err := New(conf); !errors.Is(err, call.ErrServerConfig) {
			t.Errorf("%v: %v", conf.Public, err)
		}
	}
}

// TestPublicAddressesComeFirst: a link has what the server was told, then what it
// sees itself, and no more than it has room for.
func TestPublicAddressesComeFirst(t *testing.T) {
	log, _ := testenv.NewLog()
	server, err := New(Config{
		Listen: "192.168.1.1:7000", Data: t.TempDir(), Log: log,
		Public: []string{"meet.example.org", "203.0.113.5:443", "MEET.example.org", "192.168.1.1:7000"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"meet.example.org:7000", "203.0.113.5:443", "192.168.1.1:7000"}
	if got := linkHosts(server.settings, 7000, reach.Router{}); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	// What the router leads here is next; an address that nobody reaches is left out.
	for state, is := range map[reach.RouterState]bool{
		reach.Opened: true, reach.Doubtful: true, reach.SecondNAT: false, reach.SharedAddress: false, reach.Asking: false,
	} {
		want := want
		if is {
			want = append(slices.Clone(want), "198.51.100.1:7000")
		}
		if got := linkHosts(server.settings, 7000, reach.Router{State: state, Outside: "198.51.100.1:7000"}); !slices.Equal(got, want) {
			t.Errorf("%s: got %v", state, got)
		}
	}
}

// TestRelayInLinks: the relay comes behind the own IPv4 addresses and before those of
// IPv6, and has a place however many public names there are.
func TestRelayInLinks(t *testing.T) {
	log, _ := testenv.NewLog()
	const at = "203.0.113.9:7850"
	var many []string
	for i := range maxLinkHosts {
		many = append(many, string(rune('a'+i))+".example")
	}
	for _, tt := range []struct {
		listen string
		public []string
		place  int
	}{{"192.168.1.1:7000", nil, 1}, {"[2001:db8::1]:7000", nil, 0}, {"192.168.1.1:7000", many, maxLinkHosts - 1}} {
		server, err := New(Config{Listen: tt.listen, Data: t.TempDir(), Log: log, Public: tt.public})
		if err != nil {
			t.Fatal(err)
		}
		got := linkHosts(server.settings, 7000, reach.Router{Relay: reach.Relay{At: at}})
		if slices.Index(got, at) != tt.place || len(got) > maxLinkHosts {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
