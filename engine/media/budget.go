package media

import (
	"sync"
	"sync/atomic"

	"foyer/engine/call"
)

// budget is what all video tracks together may use: see call.MaxPixels and
// call.MaxQueued. Safe from any goroutine.
type budget struct {
	mu     sync.Mutex
	claims map[*claim]struct{}

	queued atomic.Int64 // bytes
	tracks atomic.Int64

	trim *trimmer // nil: memory goes back when the runtime wants
}

// claim is a track's part of the budget.
type claim struct {
	budget *budget
	owner  call.Identity

	pixels int  // guarded by budget.mu
	yield  bool // likewise: another one has got its pixels

	queued atomic.Int64 // bytes of packets
	frames atomic.Int64 // bytes of frames that are not decoded yet
}

// claim makes a part for a track of owner's, with nothing in it.
func (b *budget) claim(owner call.Identity) *claim {
	c := &claim{budget: b, owner: owner}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.claims == nil {
		b.claims = make(map[*claim]struct{})
	}
	b.claims[c] = struct{}{}
	b.tracks.Add(1)
	return c
}

// resize claims that many pixels instead of what was claimed before. It reports
// whether they are granted. If there are too many, the owner with the most gives
// up their largest frame, so that a large sender never displaces a smaller one.
func (c *claim) resize(pixels int) bool {
	b := c.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	c.pixels, c.yield = pixels, false
	for b.sum() > call.MaxPixels {
		loser := b.largest(c)
		loser.pixels = 0
		if loser == c {
			return false
		}
		loser.yield = true
	}
	return true
}

// sum is how many pixels are claimed. b.mu is held.
func (b *budget) sum() int {
	sum := 0
	for c := range b.claims {
		sum += c.pixels
	}
	return sum
}

// largest returns the largest claim of the owner with the most. Among equals it is
// the newcomer's, which has nothing to lose yet. b.mu is held.
func (b *budget) largest(newcomer *claim) *claim {
	owners := make(map[call.Identity]int, len(b.claims))
	for c := range b.claims {
		owners[c.owner] += c.pixels
	}
	worst := newcomer.owner
	for owner, pixels := range owners {
		if pixels > owners[worst] {
			worst = owner
		}
	}
	if worst == newcomer.owner {
		return newcomer
	}
	var loser *claim
	for c := range b.claims {
		if c.owner == worst && (loser == nil || c.pixels > loser.pixels) {
			loser = c
		}
	}
	return loser
}

// yielded reports whether the claim's pixels went to somebody else.
func (c *claim) yielded() bool {
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	return c.yield
}

// held is how many pixels are claimed.
func (c *claim) held() int {
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	return c.pixels
}

// enqueue reports whether so many bytes more may wait, and counts them if so.
// While all tracks together wait too much, each has an equal share.
func (c *claim) enqueue(bytes int) bool {
	c.budget.queued.Add(int64(bytes))
	c.queued.Add(int64(bytes))
	if c.fits() {
		return true
	}
	c.dequeue(bytes)
	return false
}

// dequeue takes bytes back that have waited.
func (c *claim) dequeue(bytes int) {
	c.budget.queued.Add(int64(-bytes))
	c.queued.Add(int64(-bytes))
}

// hold says how many bytes of frames wait now, and reports whether they may.
func (c *claim) hold(bytes int) bool {
	before := c.frames.Swap(int64(bytes))
	c.budget.queued.Add(int64(bytes) - before)
	return c.fits()
}

func (c *claim) fits() bool {
	if c.budget.queued.Load() <= call.MaxQueued {
		return true
	}
	return c.queued.Load()+c.frames.Load() <= call.MaxQueued/max(c.budget.tracks.Load(), 1)
}

// release gives everything back.
func (c *claim) release() {
	b := c.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, open := b.claims[c]; !open {
		return
	}
	delete(b.claims, c)
	b.tracks.Add(-1)
	b.queued.Add(-c.queued.Swap(0) - c.frames.Swap(0))
}
