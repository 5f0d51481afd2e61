package relay

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func checkOfICE() []byte {
	m := binary.BigEndian.AppendUint16(nil, bindingType)
	m = binary.BigEndian.AppendUint16(m, 0)
	m = binary.BigEndian.AppendUint32(m, magicCookie)
	return append(m, make([]byte, 12)...)
}

func guestAt(i, port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(fmt.Sprintf("203.0.%d.%d", i/256, i%256)), uint16(port))
}

// TestFlows: only a check of ICE begins one, only the guest of one is sent anything, and
// whoever gets no answer has little and is soon forgotten.
func TestFlows(t *testing.T) {
	f, now := newFlows(Limits{Flows: 4, OfOrigin: 2}), time.Now()
	ann := guestAt(1, 1000)
	for _, payload := range [][]byte{nil, []byte("GET /"), make([]byte, 1200), {0x80, 96}, checkOfICE()[:19], make([]byte, 600)} {
		if _, ok := f.from(ann, payload, now); ok {
			t.Errorf("%.10q begins a flow", payload)
		}
	}
	id, ok := f.from(ann, checkOfICE(), now)
	if again, _ := f.from(ann, checkOfICE(), now); !ok || again != id {
		t.Fatalf("%d, then %d", id, again)
	}
	if _, ok := f.to(id+1, 20, now); ok {
		t.Error("somebody is sent something who has not come")
	}
	if to, ok := f.to(id, 20, now); !ok || to != ann {
		t.Errorf("%v, %v", to, ok)
	}
	media := append([]byte{0x80}, make([]byte, 1200)...)
	for range 100 {
		if _, ok := f.from(ann, media, now); !ok {
			t.Fatal("whoever was answered is stopped")
		}
	}
	// One origin has its part, and all have one together.
	for port, want := range map[int]bool{1001: true, 1002: false} {
		if port == 1002 {
			f.from(guestAt(1, 1001), checkOfICE(), now)
		}
		if _, ok := f.from(guestAt(1, port), checkOfICE(), now); ok != want {
			t.Errorf("port %d: %v", port, ok)
		}
	}
	for i := range 20 {
		if _, ok := f.from(guestAt(10+i, 1), checkOfICE(), now); !ok || len(f.byID) > 4 {
			t.Errorf("guest %d: %v, %d flows", i, ok, len(f.byID))
		}
	}
	if _, ok := f.to(id, 20, now); !ok {
		t.Error("whoever was answered gives way")
	}
	later := now.Add(proofTimeout + sweepEvery)
	if _, ok := f.from(guestAt(20, 1), checkOfICE(), later); !ok || len(f.byID) != 2 {
		t.Errorf("%v, and %d flows: those without an answer keep their places", ok, len(f.byID))
	}
	if _, ok := f.to(id, 1200, later); !ok {
		t.Error("whoever was answered is forgotten")
	}
	f.from(ann, media, later)
	for at := later; ; at = at.Add(time.Second) {
		if _, ok := f.to(id, 1200, at); ok != (at.Sub(later) <= flowTimeout) {
			t.Errorf("%v after the guest was heard, while the server goes on: %v", at.Sub(later), ok)
		}
		if at.Sub(later) > flowTimeout {
			break
		}
	}
}

// TestForgedGuest: an attacker who sends a check in another's name, and runs the server, turns
// few bytes into no more than three times as many.
func TestForgedGuest(t *testing.T) {
	f, now, got := newFlows(DefaultLimits()), time.Now(), 0
	ann := guestAt(1, 1000)
	id, _ := f.from(ann, checkOfICE(), now)
	send := func() (ok bool) {
		if _, ok = f.to(id, 1200, now); ok {
			got += 1200
		}
		return ok
	}
	for range 1000 {
		if _, ok := f.to(id, 20, now); ok {
			got += 20
		}
		send()
	}
	if want := maxAmplified * len(checkOfICE()); got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
	for returns := range returnsNeeded {
		if send() {
			t.Errorf("%d datagrams since the answer are enough", returns)
		}
		f.from(ann, checkOfICE(), now)
	}
	if !send() {
		t.Error("a guest who goes on gets nothing")
	}
}

// TestUnprovedFlow: a guest who is not answered may send little.
func TestUnprovedFlow(t *testing.T) {
	f, now, sent := newFlows(DefaultLimits()), time.Now(), 0
	for range 1000 {
		if _, ok := f.from(guestAt(1, 1), checkOfICE(), now); ok {
			sent += len(checkOfICE())
		}
	}
	if sent > maxUnproved {
		t.Errorf("%d bytes are passed on", sent)
	}
}
