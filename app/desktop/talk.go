package desktop

import (
	"context"
	"sync"

	"foyer/ui/desk"
)

// Talk implements [desk.Desktop].
func (d *Desktop) Talk(key desk.TalkKey) { d.key.set(key) }

// listen has one key at a time.
func (d *Desktop) listen(ctx context.Context, sys system) {
	end := func() {}
	defer func() { end() }()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.key.changed:
		}
		key, _ := d.key.take()
		end()
		end = d.hear(ctx, sys, key)
	}
}

// hear listens to a key until end is called, which waits for it.
func (d *Desktop) hear(ctx context.Context, sys system, key desk.TalkKey) (end func()) {
	if key == (desk.TalkKey{}) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		t := &talk{d: d, name: string(key.Name)}
		obstacle := sys.listen(ctx, key, t)
		t.set(false)
		if ctx.Err() == nil {
			t.reached(desk.Reach{Stage: desk.ReachHere, Obstacle: obstacle})
		}
	})
	return func() {
		cancel()
		listening.Wait()
	}
}

// talk hands on what is known of one key. Any goroutine may use it.
type talk struct {
	d    *Desktop
	name string

	mu   sync.Mutex
	down bool
}

// set says whether the key is down; only what changes is handed on.
func (t *talk) set(down bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down == down {
		return
	}
	t.down = down
	t.d.mu.RLock()
	defer t.d.mu.RUnlock()
	if !t.d.closed {
		t.d.conf.Talk(down)
	}
}

// everywhere says that the key is heard in every window, and what the desktop calls
// it, if it has given us another one.
func (t *talk) everywhere(called string) {
	t.reached(desk.Reach{Stage: desk.ReachEverywhere, Called: called})
}

func (t *talk) reached(r desk.Reach) {
	r.Key = t.name
	t.d.mu.RLock()
	defer t.d.mu.RUnlock()
	if !t.d.closed {
		t.d.conf.Reach(r)
	}
}
