package limits

import (
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// Limits bound what strangers may do. They are generous enough for
// an office behind one address.
type Limits struct {
	Joins              rate.Limit // a second and address
	JoinBurst          int
	Calls              rate.Limit // of the API, a second and caller
	CallBurst          int
	Connects           rate.Limit // to LiveKit, a second and address
	ConnectBurst       int
	PersonConnects     rate.Limit // connects that are let in, a second and person
	PersonConnectBurst int
	FailedAttempts     rate.Limit // wrong secrets and keys, a second and address
	FailedAttemptBurst int

	Work             rate.Limit // of requests to LiveKit, a second and person; see stream.Limits
	WorkBurst        int
	JoinWork         int        // of each connect, besides
	Candidates       rate.Limit // addresses for media that one person names, a second
	CandidateBurst   int
	Bytes            rate.Limit // to LiveKit, a second and person
	ByteBurst        int
	AddressBytes     rate.Limit // ... and address
	AddressByteBurst int
	AllBytes         rate.Limit // ... of all together
	AllByteBurst     int
	// Sections of audio and video that are offered beside those that the room needs, a
	// second and address, and of all together. LiveKit keeps each, with some 10 kB, until a
	// minute after its guest came, at least.
	AddressSections     rate.Limit
	AddressSectionBurst int
	AllSections         rate.Limit
	AllSectionBurst     int
	CutLines            rate.Limit // warnings about connections that were cut, a second and address

	PageFiles     rate.Limit // of the page for guests in a browser, a second and address
	PageFileBurst int

	Addresses   int // whose rates are remembered
	Guests      int // connected to LiveKit, of one address
	Connections int // open, of one address
	Waiting     int // ... of which nothing was asked yet, or no longer
	Total       int // open, of all
}

// GuestsMore is how many times what one caller may call, all guests behind an
// address together may.
const GuestsMore = 8

// Default is what a server allows.
func Default() Limits {
	return Limits{
		Joins: 30, JoinBurst: 300,
		Calls: 50, CallBurst: 500,
		// An office whose network was away resumes, and then joins anew.
		Connects: 60, ConnectBurst: 600,
		// Who comes and goes 200 times in a row is let in (contract L6).
		PersonConnects: 20, PersonConnectBurst: 300,
		FailedAttempts: 0.1, FailedAttemptBurst: 20,
		// Paging through 500 cameras changes the subscription of each.
		Work: 60, WorkBurst: 1000,
		// A browser that joins with four tracks, or resumes, has spent 120. Who
		// comes and goes 200 times in a row is let in (contract L6).
		JoinWork: 150,
		// LiveKit and pion keep each with its pairs until the media connection begins
		// anew. A client names ten when it comes.
		Candidates: 1, CandidateBurst: 4096,
		// An office of 100 with Foyer that resumes at once sends 0.1 MB each.
		Bytes: 256 << 10, ByteBurst: 4 << 20,
		AddressBytes: 4 << 20, AddressByteBurst: 16 << 20,
		AllBytes: 8 << 20, AllByteBurst: 32 << 20,
		// Each of 256 guests has eight to spare.
		AddressSections: 20, AddressSectionBurst: 2 << 10,
		AllSections: 60, AllSectionBurst: 6 << 10,
		CutLines:  1.0 / 60,
		PageFiles: 100, PageFileBurst: 1500, // a guest loads 20; an office of 75 at once
		Addresses:   4096,
		Guests:      256,
		Connections: 512, Waiting: 128, Total: 8192,
	}
}

// Origin is the part of a remote address that one party holds: an IPv4
// address, or an IPv6 network of 64 bits.
func Origin(remote string) netip.Prefix {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	a := ap.Addr().Unmap().WithZone("")
	if a.Is4() {
		return netip.PrefixFrom(a, 32)
	}
	p, _ := a.Prefix(64)
	return p
}

// Rates remembers a rate limiter for each origin, or what else K is, and forgets
// the one that was quiet for longest when there are too many.
type Rates[K comparable] struct {
	mu       sync.Mutex
	limit    rate.Limit
	burst    int
	limiters *simplelru.LRU[K, *rate.Limiter]
}

// NewRates makes rates of limit a second, with bursts, for at most most origins, which
// is more than 0.
func NewRates[K comparable](limit rate.Limit, burst, most int) *Rates[K] {
	limiters, err := simplelru.NewLRU[K, *rate.Limiter](most, nil)
	if err != nil {
		panic(err) // most is a constant
	}
	return &Rates[K]{limit: limit, burst: burst, limiters: limiters}
}

// Take uses one, if there is one left.
func (r *Rates[K]) Take(o K, now time.Time) bool { return r.Of(o).AllowN(now, 1) }

// Left reports whether there is one left, without using it.
func (r *Rates[K]) Left(o K, now time.Time) bool { return r.Of(o).TokensAt(now) >= 1 }

// Of is the limiter of one origin.
func (r *Rates[K]) Of(o K) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	limiter, ok := r.limiters.Get(o)
	if !ok {
		limiter = rate.NewLimiter(r.limit, r.burst)
		r.limiters.Add(o, limiter)
	}
	return limiter
}

// Nonces remembers the nonces of joins, so that a recorded join cannot be used
// again. Two sets, each for one period, keep every nonce for at least a period.
// A set holds at most max, and share of one origin: beyond that the oldest is
// forgotten, of the origin that has most. Nobody is locked out by what others use.
type Nonces struct {
	mu         sync.Mutex
	period     time.Duration
	max, share int
	turned     time.Time
	now, old   nonceSet
}

// nonceSet knows its nonces, and those of each origin in their order.
type nonceSet struct {
	all map[[32]byte]struct{}
	of  map[netip.Prefix][][32]byte
}

func newNonceSet() nonceSet {
	return nonceSet{all: map[[32]byte]struct{}{}, of: map[netip.Prefix][][32]byte{}}
}

// NewNonces makes a memory of maxNonces for a period, and of share for one origin.
func NewNonces(period time.Duration, maxNonces, share int) *Nonces {
	return &Nonces{period: period, max: maxNonces, share: share, now: newNonceSet()}
}

// Use notes a nonce. fresh is false if it was used before.
func (n *Nonces) Use(o netip.Prefix, nonce [32]byte, at time.Time) (fresh bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if passed := at.Sub(n.turned); passed >= n.period {
		n.old, n.now, n.turned = n.now, newNonceSet(), at
		if passed >= 2*n.period {
			n.old = nonceSet{}
		}
	}
	_, inNow := n.now.all[nonce]
	_, inOld := n.old.all[nonce]
	switch {
	case inNow || inOld:
		return false
	case len(n.now.of[o]) >= n.share:
		n.now.forget(o)
	case len(n.now.all) >= n.max:
		n.now.forget(n.now.heaviest())
	}
	n.now.all[nonce] = struct{}{}
	n.now.of[o] = append(n.now.of[o], nonce)
	return true
}

// heaviest is the origin that has most nonces.
func (s nonceSet) heaviest() (heaviest netip.Prefix) {
	most := 0
	for o, list := range s.of {
		if len(list) > most {
			heaviest, most = o, len(list)
		}
	}
	return heaviest
}

// forget forgets the oldest nonce of an origin. Then its join could be used again, by
// those who know it: they are behind that origin, because joins travel encrypted.
func (s nonceSet) forget(o netip.Prefix) {
	list := s.of[o]
	delete(s.all, list[0])
	if s.of[o] = list[1:]; len(list) == 1 {
		delete(s.of, o)
	}
}
