package host

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/roomservice"
)

func TestOrigin(t *testing.T) {
	tests := []struct{ a, b string }{
		{"192.0.2.1:1", "192.0.2.1:2"},
		{"[::ffff:192.0.2.1]:1", "192.0.2.1:2"},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::9]:2"}, // one household's network
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1"},
	}
	for _, tt := range tests {
		if origin(tt.a) != origin(tt.b) || !origin(tt.a).IsValid() {
			t.Errorf("%s and %s: %v, %v", tt.a, tt.b, origin(tt.a), origin(tt.b))
		}
	}
	if origin("192.0.2.1:1") == origin("192.0.2.2:1") || origin("[2001:db8:1:2::1]:1") == origin("[2001:db8:1:3::1]:1") {
		t.Error("different origins are one")
	}
	if origin("garbage").IsValid() {
		t.Error("garbage has an origin")
	}
}

func TestRatesForgetTheQuietest(t *testing.T) {
	r := newRates[netip.Prefix](1, 2, 3)
	now := time.Unix(1000, 0)
	of := func(i byte) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, i}), 32) }
	for range 2 {
		if !r.take(of(1), now) {
			t.Fatal("burst")
		}
	}
	if r.take(of(1), now) || r.left(of(1), now) {
		t.Error("no bound")
	}
	if !r.left(of(1), now.Add(time.Second)) {
		t.Error("never refills")
	}
	for i := byte(2); i < 100; i++ {
		r.take(of(i), now)
		r.left(of(1), now) // not quiet
	}
	if r.left(of(1), now) {
		t.Error("a flood of addresses made it forget a busy one")
	}
	if len(r.by) != 3 || r.order.Len() != 3 {
		t.Errorf("%d and %d remembered", len(r.by), r.order.Len())
	}
}

func TestNonces(t *testing.T) {
	n := newNonces(time.Minute, 3, 3)
	at := time.Unix(1000, 0)
	steps := []struct {
		nonce       byte
		after       time.Duration
		fresh, full bool
	}{
		{1, 0, true, false},
		{1, 0, false, false},
		{2, 30 * time.Second, true, false},
		{3, 59 * time.Second, true, false},
		{4, 59 * time.Second, false, true},    // too many in a period
		{4, 60 * time.Second, true, false},    // the next period
		{3, 100 * time.Second, false, false},  // is still remembered
		{1, 119 * time.Second, false, false},  // and so is this
		{1, 250 * time.Second, true, false},   // after both periods it is not
		{4, 1000 * time.Second, true, false},  // nor after a long silence
		{4, 1001 * time.Second, false, false}, // once only
	}
	for i, s := range steps {
		if fresh, full := n.use(origin("192.0.2.1:1"), [32]byte{s.nonce}, at.Add(s.after)); fresh != s.fresh || full != s.full {
			t.Errorf("step %d: fresh %v, full %v", i, fresh, full)
		}
	}
}

// TestNoncesOfOne: one origin has its share, however much room there is.
func TestNoncesOfOne(t *testing.T) {
	n := newNonces(time.Minute, 100, 60)
	at := time.Unix(1000, 0)
	for i := range byte(70) {
		if fresh, full := n.use(origin("192.0.2.1:1"), [32]byte{i}, at); full != (i >= 60) || fresh == full {
			t.Errorf("join %d: fresh %v, full %v", i, fresh, full)
		}
	}
	if fresh, _ := n.use(origin("192.0.2.1:1"), [32]byte{99}, at.Add(time.Minute)); !fresh {
		t.Error("the next period brings nothing")
	}
}

// TestNoncesOfTheHeaviest: a few origins that join without end shut nobody else
// out, and what they have used stays used as long as there is room.
func TestNoncesOfTheHeaviest(t *testing.T) {
	n := newNonces(time.Minute, 100, 60)
	at := time.Unix(1000, 0)
	of := func(i byte) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, i}), 32) }
	nonce := func(o, i byte) [32]byte { return [32]byte{o, i} }
	for i := range byte(70) {
		for o := range byte(2) {
			fresh, full := n.use(of(o), nonce(o, i), at)
			if bounded := i >= 50; full && !bounded || fresh == full {
				t.Errorf("origin %d, join %d: fresh %v, full %v", o, i, fresh, full)
			}
		}
	}
	for o := byte(2); o < 12; o++ { // newcomers, when everything is taken
		for i := range byte(3) {
			if fresh, full := n.use(of(o), nonce(o, i), at); !fresh || full {
				t.Errorf("newcomer %d, join %d: fresh %v, full %v", o, i, fresh, full)
			}
		}
	}
	for o := byte(2); o < 12; o++ { // theirs are kept, whatever the others do
		for i := range byte(60) {
			n.use(of(0), nonce(0, 100+i), at)
		}
		if fresh, _ := n.use(of(o), nonce(o, 0), at); fresh {
			t.Errorf("the join of newcomer %d is accepted twice", o)
		}
	}
	total := 0
	for o, list := range n.now.of {
		if total += len(list); len(list) == 0 || len(list) > 60 {
			t.Errorf("%v has %d", o, len(list))
		}
	}
	if total != len(n.now.all) || total > 100 {
		t.Errorf("%d remembered, %d counted", len(n.now.all), total)
	}
}

func TestListenerBounds(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newListener(inner, limits{connections: 2, waiting: 2, total: 10})
	accepted := make(chan net.Conn, 10)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	dial()
	dial()
	first := <-accepted
	second := <-accepted
	l.watch(first, http.StateActive) // who works does not give way
	l.watch(second, http.StateActive)
	third := dial()
	_ = third.SetReadDeadline(time.Now().Add(waitBound))
	if _, err := third.Read(make([]byte, 1)); err == nil {
		t.Error("the third connection lives")
	} else if e := net.Error(nil); errors.As(err, &e) && e.Timeout() {
		t.Error("the third connection hangs")
	}
	_ = first.Close()
	_ = first.Close() // counts once
	dial()
	third2 := <-accepted
	_ = second.Close()
	_ = third2.Close()
	_ = l.Close()
	for conn := range accepted { // until the accepting goroutine has ended
		_ = conn.Close()
	}
	if l.total != 0 || len(l.of) != 0 {
		t.Errorf("%d left, %v", l.total, l.of)
	}
}

func TestReachable(t *testing.T) {
	all := []netip.Addr{
		netip.MustParseAddr("fe80::1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("203.0.113.5"),
		netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.168.1.10"), netip.MustParseAddr("::ffff:10.0.0.1"),
		netip.MustParseAddr("169.254.1.1"), netip.MustParseAddr("192.168.1.10"), netip.MustParseAddr("fd00::1"),
	}
	want := []string{"192.168.1.10", "10.0.0.1", "203.0.113.5", "2001:db8::1", "fd00::1"}
	var got []string
	for _, a := range reachable(all, true) {
		got = append(got, a.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := len(reachable(all, false)); n != 3 {
		t.Errorf("%d without IPv6", n)
	}
}

// TestConnectRates: what forges tokens, and what connects without end, is slowed
// down at every door of LiveKit's; whoever else is behind the address is not.
func TestConnectRates(t *testing.T) {
	few := defaultLimits()
	few.connects, few.connBurst, few.comings, few.comingBurst, few.calls, few.callBurst = 0.01, 100, 0.01, 3, 0.01, 60
	forge := func(s *testServer) string { // by who does not know the secret
		wrong := &testServer{t: t, api: roomservice.Key{Key: s.api.Key, Secret: "another secret that is long enough"}}
		return wrong.admins("anna")
	}
	post := func(s *testServer, token string) int {
		status, _ := s.post(roomServicePath+"ListRooms", token, []byte("{}"))
		return status
	}
	for name, try := range map[string]func(s *testServer, token string) int{
		"connect": func(s *testServer, token string) int { _, status, _ := s.dial(token, ""); return status },
		"twirp":   post,
		"API": func(s *testServer, token string) int {
			_, status := s.do(call.OpMembers, token, doorapi.RoomRequest{Room: "hall"}, nil)
			return status
		},
	} {
		t.Run("forged, "+name, func(t *testing.T) {
			s := startServer(t, nil)
			token, good := forge(s), s.mustJoin(newGuest(t, "ben"), s.invite(nil)).Token
			for n := range defaultLimits().missBurst {
				if status := try(s, token); status != http.StatusUnauthorized {
					t.Fatalf("try %d: %d", n, status)
				}
			}
			if status := try(s, token); status != http.StatusTooManyRequests {
				t.Errorf("never slowed down: %d", status)
			}
			if _, refusal, _ := s.join(newGuest(t, "anna").request(t, call.Link{Room: "hall", Fingerprint: s.fingerprint()})); refusal.Code != doorapi.CodeTooManyTries {
				t.Errorf("a guess of an invitation: %+v", refusal)
			}
			s.mustDial(good)
		})
	}
	s := startServer(t, func(c *Config) { c.limits = &few })
	token := s.mustJoin(newGuest(t, "anna"), s.invite(nil)).Token
	for range few.comingBurst {
		s.mustDial(token)
	}
	if _, status, _ := s.dial(token, ""); status != http.StatusTooManyRequests {
		t.Errorf("one person: %d", status)
	}
	s.mustDial(s.mustJoin(newGuest(t, "ben"), s.invite(nil)).Token)
	status := 0
	for range few.connBurst + 1 {
		_, status, _ = s.dial("", "")
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("one address: %d", status)
	}
	for range few.callBurst + 1 {
		status = post(s, token)
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("a guest at the room service: %d", status)
	}
	if _, err := s.roomService("hall").ListRooms(t.Context(), &livekit.ListRoomsRequest{}); err != nil {
		t.Errorf("a server at the room service: %v", err)
	}
}
