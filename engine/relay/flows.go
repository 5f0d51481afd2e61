package relay

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"foyer/engine/host/limits"
)

// Limits of a flow, which is one guest's address by UDP.
const (
	// A flow begins with a check of ICE, and the server answers those alone who know a
	// participant's password. Until then it has little time, and few bytes.
	proofTimeout = 5 * time.Second
	maxUnproved  = 8 << 10
	// The address may be forged, and the server in league with the forger. So the server
	// alone keeps no flow: the guest has to be heard, who asks every 5 s whether the other
	// end is there (RFC 7675). Until they have sent returnsNeeded datagrams since the first
	// answer, they get maxAmplified bytes for each of theirs.
	flowTimeout   = 30 * time.Second
	returnsNeeded = 2
	maxAmplified  = 3
	sweepEvery    = time.Second
)

// What a check of ICE begins with (RFC 8489).
const (
	checkSize   = 20
	maxCheck    = 512
	bindingType = 0x0001
	magicCookie = 0x2112a442
)

type flow struct {
	id       uint32
	guest    netip.AddrPort
	origin   netip.Prefix
	began    time.Time
	heard    time.Time // the guest
	received int       // bytes, until returns are enough
	sent     int       // likewise
	proved   bool      // the server has answered
	returns  int       // datagrams of the guest since then, up to returnsNeeded
}

func (f *flow) ends(now time.Time) bool {
	return !f.proved && now.Sub(f.began) > proofTimeout || now.Sub(f.heard) > flowTimeout
}

// flows are those of one server. Any goroutine may call.
type flows struct {
	most, ofOne int

	mu      sync.Mutex
	byGuest map[netip.AddrPort]*flow
	byID    map[uint32]*flow
	origins map[netip.Prefix]int
	last    uint32
	swept   time.Time
}

func newFlows(l Limits) *flows {
	return &flows{
		most: l.Flows, ofOne: l.OfOrigin, byGuest: map[netip.AddrPort]*flow{}, byID: map[uint32]*flow{},
		origins: map[netip.Prefix]int{},
	}
}

// from is the flow of a guest's datagram, which may begin one.
func (f *flows) from(guest netip.AddrPort, payload []byte, now time.Time) (uint32, bool) {
	if !isMedia(payload) {
		return 0, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.swept) > sweepEvery {
		f.sweep(now)
	}
	found := f.byGuest[guest]
	if found == nil {
		if found = f.begin(guest, payload, now); found == nil {
			return 0, false
		}
	}
	if found.returns < returnsNeeded {
		found.received += len(payload)
		if found.proved {
			found.returns++
		} else if found.received > maxUnproved {
			return 0, false
		}
	}
	found.heard = now
	return found.id, true
}

// begin makes a flow, if a check of ICE begins it. If there are too many, the one that has
// waited for an answer for longest gives way: addresses are easily forged, and a guest who
// is one asks again and again. f.mu is held.
func (f *flows) begin(guest netip.AddrPort, payload []byte, now time.Time) *flow {
	origin := limits.Origin(guest.String())
	if !isCheck(payload) || f.origins[origin] >= f.ofOne || len(f.byID) >= f.most && !f.giveWay() {
		return nil
	}
	f.last++ // goes round after four thousand million
	if f.last == 0 || f.byID[f.last] != nil {
		return nil
	}
	made := &flow{id: f.last, guest: guest, origin: origin, began: now}
	f.byGuest[guest], f.byID[made.id] = made, made
	f.origins[origin]++
	return made
}

// to is the guest of a flow, who has come by themselves and may get so many bytes.
func (f *flows) to(id uint32, size int, now time.Time) (netip.AddrPort, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := f.byID[id]
	if found == nil || found.ends(now) {
		return netip.AddrPort{}, false
	}
	found.proved = true
	if found.returns < returnsNeeded {
		if found.sent+size > maxAmplified*found.received {
			return netip.AddrPort{}, false
		}
		found.sent += size
	}
	return found.guest, true
}

// sweep ends those that are over. f.mu is held.
func (f *flows) sweep(now time.Time) {
	f.swept = now
	for _, x := range f.byID {
		if x.ends(now) {
			f.drop(x)
		}
	}
}

// giveWay ends the flow that has waited for longest, and reports whether there was one.
// f.mu is held.
func (f *flows) giveWay() bool {
	var first *flow
	for _, x := range f.byID {
		if !x.proved && (first == nil || x.began.Before(first.began)) {
			first = x
		}
	}
	if first != nil {
		f.drop(first)
	}
	return first != nil
}

// drop ends a flow. f.mu is held.
func (f *flows) drop(x *flow) {
	delete(f.byID, x.id)
	delete(f.byGuest, x.guest)
	if f.origins[x.origin]--; f.origins[x.origin] == 0 {
		delete(f.origins, x.origin)
	}
}

// isMedia reports whether a datagram is STUN, DTLS, RTP or RTCP (RFC 7983).
func isMedia(payload []byte) bool {
	if len(payload) == 0 {
		return false
	}
	first := payload[0]
	return first <= 3 || first >= 20 && first <= 63 || first >= 128 && first <= 191
}

func isCheck(payload []byte) bool {
	return len(payload) >= checkSize && len(payload) <= maxCheck &&
		binary.BigEndian.Uint16(payload) == bindingType && binary.BigEndian.Uint32(payload[4:]) == magicCookie
}
