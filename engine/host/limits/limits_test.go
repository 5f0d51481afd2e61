package limits

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

const waitTimeout = 10 * time.Second // for what comes in milliseconds

func TestOrigin(t *testing.T) {
	tests := []struct{ a, b string }{
		{"192.0.2.1:1", "192.0.2.1:2"},
		{"[::ffff:192.0.2.1]:1", "192.0.2.1:2"},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::9]:2"}, // one household's network
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1"},
	}
	for _, tt := range tests {
		if Origin(tt.a) != Origin(tt.b) || !Origin(tt.a).IsValid() {
			t.Errorf("%s and %s: %v, %v", tt.a, tt.b, Origin(tt.a), Origin(tt.b))
		}
	}
	if Origin("192.0.2.1:1") == Origin("192.0.2.2:1") || Origin("[2001:db8:1:2::1]:1") == Origin("[2001:db8:1:3::1]:1") {
		t.Error("different origins are one")
	}
	if Origin("garbage").IsValid() {
		t.Error("garbage has an origin")
	}
}

func TestRatesForgetTheQuietest(t *testing.T) {
	r := NewRates[netip.Prefix](1, 2, 3)
	now := time.Unix(1000, 0)
	of := func(i byte) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, i}), 32) }
	for range 2 {
		if !r.Take(of(1), now) {
			t.Fatal("burst")
		}
	}
	if r.Take(of(1), now) || r.Left(of(1), now) {
		t.Error("no limit")
	}
	if !r.Left(of(1), now.Add(time.Second)) {
		t.Error("never refills")
	}
	for i := byte(2); i < 100; i++ {
		r.Take(of(i), now)
		r.Left(of(1), now) // not quiet
	}
	if r.Left(of(1), now) {
		t.Error("a flood of addresses made it forget a busy one")
	}
	if n := r.limiters.Len(); n != 3 {
		t.Errorf("%d remembered", n)
	}
}

func TestNonces(t *testing.T) {
	n := NewNonces(time.Minute, 3, 3)
	at := time.Unix(1000, 0)
	steps := []struct {
		nonce byte
		after time.Duration
		fresh bool
	}{
		{1, 0, true},
		{1, 0, false},
		{2, 30 * time.Second, true},
		{3, 59 * time.Second, true},
		{3, 100 * time.Second, false}, // is remembered in the next period
		{1, 119 * time.Second, false}, // and so is this
		{1, 250 * time.Second, true},  // after both periods it is not
		{4, 1000 * time.Second, true}, // nor after a long silence
		{4, 1001 * time.Second, false},
	}
	for i, s := range steps {
		if fresh := n.Use(Origin("192.0.2.1:1"), [32]byte{s.nonce}, at.Add(s.after)); fresh != s.fresh {
			t.Errorf("step %d: fresh %v", i, fresh)
		}
	}
}

// TestNoncesOfOne: one origin has its share, however much room there is. Whoever joins
// beyond it comes in all the same, and the oldest is forgotten.
func TestNoncesOfOne(t *testing.T) {
	n := NewNonces(time.Minute, 100, 60)
	at := time.Unix(1000, 0)
	one, other := Origin("192.0.2.1:1"), Origin("192.0.2.2:1")
	n.Use(other, [32]byte{200}, at)
	for i := range byte(70) {
		if !n.Use(one, [32]byte{i}, at) {
			t.Errorf("join %d behind an address with many is refused", i)
		}
	}
	for i := byte(10); i < 70; i++ {
		if n.Use(one, [32]byte{i}, at) {
			t.Errorf("join %d is accepted twice", i)
		}
	}
	if len(n.now.of[one]) != 60 || len(n.now.all) != 61 || n.Use(other, [32]byte{200}, at) {
		t.Errorf("%d of one, %d in all", len(n.now.of[one]), len(n.now.all))
	}
}

// TestNoncesOfTheHeaviest: a few origins that join without end shut nobody out, and what
// others have used stays used.
func TestNoncesOfTheHeaviest(t *testing.T) {
	n := NewNonces(time.Minute, 100, 60)
	at := time.Unix(1000, 0)
	of := func(i byte) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, i}), 32) }
	nonce := func(o, i byte) [32]byte { return [32]byte{o, i} }
	for i := range byte(70) {
		for o := range byte(2) {
			if !n.Use(of(o), nonce(o, i), at) {
				t.Errorf("origin %d, join %d is refused", o, i)
			}
		}
	}
	for o := byte(2); o < 12; o++ { // newcomers, when everything is taken
		for i := range byte(3) {
			if !n.Use(of(o), nonce(o, i), at) {
				t.Errorf("newcomer %d, join %d is refused", o, i)
			}
		}
	}
	for o := byte(2); o < 12; o++ { // theirs are kept, whatever the others do
		for i := range byte(60) {
			n.Use(of(0), nonce(0, 100+i), at)
		}
		if n.Use(of(o), nonce(o, 0), at) {
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
	l := NewListener(inner, Limits{Connections: 2, Waiting: 2, Total: 10})
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
	l.Watch(first, http.StateActive) // who works does not give way
	l.Watch(second, http.StateActive)
	third := dial()
	_ = third.SetReadDeadline(time.Now().Add(waitTimeout))
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
