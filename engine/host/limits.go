package host

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits are the bounds on what strangers may do. They are generous enough for
// an office behind one address.
type limits struct {
	joins       rate.Limit // a second and address
	joinBurst   int
	calls       rate.Limit // of the API, a second and caller
	callBurst   int
	connects    rate.Limit // to LiveKit, a second and address
	connBurst   int
	comings     rate.Limit // connects that are let in, a second and person
	comingBurst int
	misses      rate.Limit // wrong secrets and keys, a second and address
	missBurst   int

	work             rate.Limit // of requests to LiveKit, a second and person; see stream.Bounds
	workBurst        int
	joinWork         int        // of each connect, besides
	bytes            rate.Limit // to LiveKit, a second and person
	byteBurst        int
	addressBytes     rate.Limit // ... and address
	addressByteBurst int
	allBytes         rate.Limit // ... of all together
	allByteBurst     int
	cutLines         rate.Limit // warnings about connections that were cut, a second and address

	addresses   int // whose rates are remembered
	guests      int // connected to LiveKit, of one address
	connections int // open, of one address
	waiting     int // ... of which nothing was asked yet, or no longer
	total       int // open, of all
}

// guestsMore is how many times what one caller may call, all guests behind an
// address together may.
const guestsMore = 8

func defaultLimits() limits {
	return limits{
		joins: 30, joinBurst: 300,
		calls: 50, callBurst: 500,
		// An office whose network was away resumes, and then joins anew.
		connects: 60, connBurst: 600,
		// Who comes and goes 200 times in a row is let in (contract L6).
		comings: 20, comingBurst: 300,
		misses: 0.1, missBurst: 20,
		// Who pages through the pictures of 500 people sets each of them.
		work: 60, workBurst: 1000,
		// A browser that joins with four tracks, or resumes, has spent 120. Who
		// comes and goes 200 times in a row is let in (contract L6).
		joinWork: 150,
		// An office of 100 with Foyer that resumes at once sends 0.1 MB each.
		bytes: 256 << 10, byteBurst: 4 << 20,
		addressBytes: 4 << 20, addressByteBurst: 16 << 20,
		allBytes: 8 << 20, allByteBurst: 32 << 20,
		cutLines:    1.0 / 60,
		addresses:   4096,
		guests:      256,
		connections: 512, waiting: 128, total: 8192,
	}
}

// origin is the part of a remote address that one party holds: an IPv4
// address, or an IPv6 network of 64 bits.
func origin(remote string) netip.Prefix {
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

// rates remembers a rate limiter for each origin, or what else K is, and forgets
// the one that was quiet for longest when there are too many.
type rates[K comparable] struct {
	mu    sync.Mutex
	limit rate.Limit
	burst int
	max   int
	order *list.List // of *rateEntry[K], most recent first
	by    map[K]*list.Element
}

type rateEntry[K comparable] struct {
	of      K
	limiter *rate.Limiter
}

func newRates[K comparable](limit rate.Limit, burst, most int) *rates[K] {
	return &rates[K]{limit: limit, burst: burst, max: most, order: list.New(), by: map[K]*list.Element{}}
}

// take uses one, if there is one left.
func (r *rates[K]) take(o K, now time.Time) bool { return r.get(o).AllowN(now, 1) }

// left tells whether there is one left, without using it.
func (r *rates[K]) left(o K, now time.Time) bool { return r.get(o).TokensAt(now) >= 1 }

func (r *rates[K]) get(o K) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.by[o]; ok {
		r.order.MoveToFront(e)
		return e.Value.(*rateEntry[K]).limiter
	}
	if r.order.Len() >= r.max {
		oldest := r.order.Back()
		delete(r.by, oldest.Value.(*rateEntry[K]).of)
		r.order.Remove(oldest)
	}
	entry := &rateEntry[K]{o, rate.NewLimiter(r.limit, r.burst)}
	r.by[o] = r.order.PushFront(entry)
	return entry.limiter
}

// nonces remembers the nonces of joins, so that a recorded join cannot be used
// again. Two sets, each for one period, keep every nonce for at least a period.
// A set holds at most max, and share of one origin, so that no few origins
// shut everybody else out.
type nonces struct {
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

func newNonces(period time.Duration, maxNonces, share int) *nonces {
	return &nonces{period: period, max: maxNonces, share: share, now: newNonceSet()}
}

// use notes a nonce. fresh is false if it was used before; full is true if
// this origin has to wait for the next period.
func (n *nonces) use(o netip.Prefix, nonce [32]byte, at time.Time) (fresh, full bool) {
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
		return false, false
	case len(n.now.of[o]) >= n.share:
		return false, true
	case len(n.now.all) >= n.max && !n.now.evict(len(n.now.of[o])):
		return false, true
	}
	n.now.all[nonce] = struct{}{}
	n.now.of[o] = append(n.now.of[o], nonce)
	return true, false
}

// evict forgets the oldest nonce of the heaviest origin, if that one has more
// than have. Then its join could be used again, by those who know it: they are
// behind that origin, because joins travel encrypted.
func (s nonceSet) evict(have int) bool {
	var heaviest netip.Prefix
	var list [][32]byte
	for o, l := range s.of {
		if len(l) > max(have, len(list)) {
			heaviest, list = o, l
		}
	}
	if len(list) == 0 {
		return false
	}
	delete(s.all, list[0])
	if s.of[heaviest] = list[1:]; len(list) == 1 {
		delete(s.of, heaviest)
	}
	return true
}
