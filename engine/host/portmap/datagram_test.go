package portmap

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

var self = netip.MustParseAddr("127.0.0.1")

// scripted is a router that answers datagrams as a test says, at any port of loopback.
func scripted(t *testing.T, answer func(request []byte) [][]byte) station {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buffer := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				continue
			}
			for _, a := range answer(bytes.Clone(buffer[:n])) {
				_, _ = conn.WriteToUDPAddrPort(a, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return station{target{self, self}, uint16(conn.LocalAddr().(*net.UDPAddr).Port)}
}

// be appends numbers in network order.
func be(b []byte, numbers ...any) []byte {
	for _, n := range numbers {
		b, _ = binary.Append(b, binary.BigEndian, n)
	}
	return b
}

const patience = 700 * time.Millisecond // for a router that never answers

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// pmpRouter speaks NAT-PMP. change may turn an answer into another.
func pmpRouter(t *testing.T, change func(request, answer []byte) [][]byte) *natpmp {
	t.Helper()
	at := scripted(t, func(r []byte) [][]byte {
		if len(r) < 2 || r[0] != 0 {
			return nil
		}
		answer := []byte{0, r[1] + 128, 0, 0, 0, 0, 0, 9}
		if r[1] == 0 {
			answer = append(answer, 203, 0, 113, 5)
		} else {
			answer = append(append(append(answer, r[4:6]...), r[6:8]...), r[8:12]...)
		}
		if change != nil {
			return change(r, answer)
		}
		return [][]byte{answer}
	})
	return &natpmp{station: at, epoch: &epoch{now: time.Now}}
}

func TestNATPMP(t *testing.T) {
	t.Parallel()
	n := pmpRouter(t, nil)
	m, err := n.open(within(t), Port{TCP, 7843}, 7843, time.Hour)
	if err != nil || m.outside != netip.MustParseAddrPort("203.0.113.5:7843") || m.lease != time.Hour {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := n.stands(within(t), m); err != nil {
		t.Errorf("it does not stand: %v", err)
	}
	if err := n.shut(within(t), m); err != nil {
		t.Errorf("it is not taken back: %v", err)
	}
}

// TestNATPMPHostile: a router that lies, or answers what is none.
func TestNATPMPHostile(t *testing.T) {
	t.Parallel()
	onMap := func(change func(answer []byte) [][]byte) func(r, a []byte) [][]byte {
		return func(r, a []byte) [][]byte {
			if r[1] == 0 {
				return [][]byte{a}
			}
			return change(a)
		}
	}
	put := func(at int, n any) func([]byte) [][]byte {
		return func(a []byte) [][]byte { copy(a[at:], be(nil, n)); return [][]byte{a} }
	}
	for name, tt := range map[string]struct {
		change func(r, a []byte) [][]byte
		want   error
	}{
		"never":             {func(_, _ []byte) [][]byte { return nil }, errSilent},
		"garbage":           {func(_, _ []byte) [][]byte { return [][]byte{[]byte("hello"), {}, {0}} }, errSilent},
		"garbage for ever":  {func(_, _ []byte) [][]byte { return slicesOf([]byte("hello"), maxStray+1) }, errNonsense},
		"too short":         {func(_, a []byte) [][]byte { return [][]byte{a[:8]} }, errSilent},
		"another operation": {func(_, a []byte) [][]byte { a[1]++; return [][]byte{a} }, errSilent},
		"refused":           {onMap(put(2, uint16(2))), errRefused},
		"no such operation": {onMap(put(2, uint16(5))), errUnsupported},
		"lease 0":           {onMap(put(12, uint32(0))), errNonsense},
		"lease 1":           {onMap(put(12, uint32(1))), errNonsense},
		"port 0":            {onMap(put(10, uint16(0))), errNonsense},
		"another's port":    {onMap(put(8, uint16(22))), errSilent},
		"refused, no more":  {func(_, _ []byte) [][]byte { return [][]byte{{0, 128, 0, 2}} }, errRefused},
		"no address":        {func(_, _ []byte) [][]byte { return [][]byte{{0, 128, 0, 3}} }, errNoAddress},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := pmpRouter(t, tt.change)
			began := time.Now()
			_, err := n.open(within(t), Port{UDP, 7900}, 7900, time.Hour)
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, not %v", err, tt.want)
			}
			if took := time.Since(began); took > patience+10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	t.Run("another port, a long lease", func(t *testing.T) {
		t.Parallel()
		n := pmpRouter(t, onMap(func(a []byte) [][]byte {
			copy(a[10:], be(nil, uint16(50000), uint32(1<<31)))
			return [][]byte{[]byte("stray"), a}
		}))
		m, err := n.open(within(t), Port{UDP, 7900}, 7900, time.Hour)
		if err != nil || m.outside.Port() != 50000 || m.lease != wantedLease {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

func slicesOf(b []byte, n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = b
	}
	return all
}

// TestClosedPort: a router that says that nobody listens is not waited for.
func TestClosedPort(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(conn.LocalAddr().(*net.UDPAddr).Port)
	_ = conn.Close()
	n := &natpmp{station: station{target{self, self}, port}, epoch: &epoch{now: time.Now}}
	began := time.Now()
	if _, err := n.ask(within(t)); !errors.Is(err, errUnsupported) || time.Since(began) > firstResend {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// TestLostDatagram: what is lost is sent again.
func TestLostDatagram(t *testing.T) {
	t.Parallel()
	var came atomic.Int32
	n := pmpRouter(t, func(_, a []byte) [][]byte {
		if came.Add(1) == 1 {
			return nil
		}
		return [][]byte{a}
	})
	if a, err := n.ask(within(t)); err != nil || a != netip.MustParseAddr("203.0.113.5") {
		t.Errorf("%v, %v", a, err)
	}
}

// TestRestartIsNoticed: a router whose clock has begun anew has forgotten everything.
func TestRestartIsNoticed(t *testing.T) {
	t.Parallel()
	var clock atomic.Uint32
	clock.Store(5000)
	n := pmpRouter(t, func(_, a []byte) [][]byte {
		copy(a[4:], be(nil, clock.Load()))
		return [][]byte{a}
	})
	m, err := n.open(within(t), Port{TCP, 7843}, 7843, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.stands(within(t), m); err != nil {
		t.Error(err)
	}
	clock.Store(3)
	if err := n.stands(within(t), m); !errors.Is(err, errRestarted) {
		t.Errorf("a restart: %v", err)
	}
}

func TestEpoch(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	e := &epoch{now: func() time.Time { return now }}
	for _, tt := range []struct {
		later   time.Duration
		seconds uint32
		want    error
	}{
		{0, 100, nil}, {0, 100, nil}, {10 * time.Second, 110, nil},
		{80 * time.Second, 178, nil}, // a slow clock
		{0, 177, nil},                // rounded
		{80 * time.Second, 230, errRestarted},
		{time.Second, 0, errRestarted}, {time.Minute, 1 << 31, nil}, // a fast one is no matter
	} {
		now = now.Add(tt.later)
		if err := e.see(tt.seconds); !errors.Is(err, tt.want) {
			t.Errorf("%v later, %d: %v", tt.later, tt.seconds, err)
		}
	}
}

// pcpRouter speaks PCP.
func pcpRouter(t *testing.T, change func(answer []byte) [][]byte) *pcp {
	t.Helper()
	at := scripted(t, func(r []byte) [][]byte {
		if len(r) != pcpMapLen || r[0] != 2 || r[1] != 1 {
			return nil
		}
		answer := be([]byte{2, 129, 0, 0}, [4]byte(r[4:8]), uint32(77), [12]byte{})
		answer = append(answer, r[pcpHeader:pcpNamed+2]...)
		answer = be(answer, netip.MustParseAddr("203.0.113.5").As16())
		return change(answer)
	})
	return &pcp{station: at, key: []byte("key"), first: Port{TCP, 7843}, epoch: &epoch{now: time.Now}}
}

func TestPCP(t *testing.T) {
	t.Parallel()
	c := pcpRouter(t, func(a []byte) [][]byte { return [][]byte{a} })
	m, err := c.open(within(t), Port{UDP, 7900}, 7900, time.Hour)
	if err != nil || m.outside != netip.MustParseAddrPort("203.0.113.5:7900") || m.lease != time.Hour {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := c.stands(within(t), m); err != nil {
		t.Error(err)
	}
	if err := c.shut(within(t), m); err != nil {
		t.Error(err)
	}
}

func TestPCPHostile(t *testing.T) {
	t.Parallel()
	put := func(at int, b ...byte) func([]byte) [][]byte {
		return func(a []byte) [][]byte { copy(a[at:], b); return [][]byte{a} }
	}
	for name, tt := range map[string]struct {
		change func(a []byte) [][]byte
		want   error
	}{
		"never":           {func([]byte) [][]byte { return nil }, errSilent},
		"NAT-PMP alone":   {func([]byte) [][]byte { return [][]byte{{0, 128, 0, 1, 0, 0, 0, 1}} }, errUnsupported},
		"not authorized":  {put(3, 2), errRefused},
		"address differs": {put(3, 12), errRefused}, // there is a router between
		"short error":     {func(a []byte) [][]byte { a[3] = 8; return [][]byte{a[:pcpHeader]} }, errRefused},
		"another's nonce": {put(pcpHeader, 1, 2, 3), errSilent},
		"another's port":  {put(pcpHeader+16, 0, 22), errSilent},
		"another's error": {func(a []byte) [][]byte { a[3], a[pcpHeader] = 2, a[pcpHeader]+1; return [][]byte{a} }, errSilent},
		"too short":       {func(a []byte) [][]byte { return [][]byte{a[:pcpMapLen-1]} }, errSilent},
		"a request":       {put(1, 1), errSilent},
		"no network":      {put(3, 7), errNoAddress},
		"lease 0":         {put(4, 0, 0, 0, 0), errNonsense},
		"port 0":          {put(pcpHeader+18, 0, 0), errNonsense},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := pcpRouter(t, tt.change).ask(within(t)); !errors.Is(err, tt.want) {
				t.Errorf("%v, not %v", err, tt.want)
			}
		})
	}
}

// TestNamesOfMappings: after a start a server asks under the same names, and nobody
// else knows them.
func TestNamesOfMappings(t *testing.T) {
	t.Parallel()
	key, other := []byte("key"), []byte("other")
	door, media := Port{TCP, 7843}, Port{UDP, 7843}
	again := []byte("key")
	if nonce(key, door) != nonce(again, door) || description(key) != description(again) {
		t.Error("a mapping has another name after a start")
	}
	if nonce(key, door) == nonce(key, media) || nonce(key, door) == nonce(other, door) || description(key) == description(other) {
		t.Error("two mappings have one name")
	}
}
