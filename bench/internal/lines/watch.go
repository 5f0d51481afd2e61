//go:build linux

package lines

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"foyer/bench/internal/harness"
	"foyer/internal/drive"
	"foyer/internal/drive/badline"
)

const (
	lookEvery = 100 * time.Millisecond
	// frozenAfter is the longest pause between two looks with new frames that is not
	// a freeze: at 20 frames per second every look has some.
	frozenAfter = 250 * time.Millisecond
)

// look is what a receiver says of the one video that it gets.
type look struct {
	at        time.Time
	frames    float64
	height    float64
	bytes     float64
	concealed float64 // of the audio, in ms
	queued    int     // bytes on the narrow line
}

// watcher looks at a receiver again and again.
type watcher struct {
	receiver *drive.Process
	queue    *drive.NetNS // may be nil

	mu    sync.Mutex
	looks []look
	err   error
	stop  context.CancelFunc
	done  chan struct{}
}

func watch(ctx context.Context, receiver *drive.Process, queue *drive.NetNS) *watcher {
	ctx, stop := context.WithCancel(ctx)
	w := &watcher{receiver: receiver, queue: queue, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			l, err := w.look(ctx)
			w.mu.Lock()
			if err == nil {
				w.looks = append(w.looks, l)
			} else if ctx.Err() == nil {
				w.err = err
			}
			w.mu.Unlock()
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	return w
}

func (w *watcher) close() {
	w.stop()
	<-w.done
}

// look asks once.
func (w *watcher) look(ctx context.Context) (look, error) {
	mark := w.receiver.Mark()
	if err := w.receiver.Send(map[string]string{"cmd": "stats"}); err != nil {
		return look{}, err
	}
	e, err := harness.Wait(ctx, w.receiver, "stats", mark, nil)
	if err != nil {
		return look{}, err
	}
	var stats struct {
		Remote []struct {
			Frames      float64 `json:"frames_decoded"`
			Height      float64 `json:"height"`
			Bytes       float64 `json:"bytes"`
			ConcealedMS float64 `json:"concealed_ms"`
			Concealed   float64 `json:"concealed"` // a browser's, in samples
		} `json:"remote"`
	}
	if err := e.Decode(&stats); err != nil {
		return look{}, err
	}
	l := look{at: time.Now()}
	for _, r := range stats.Remote {
		l.concealed += r.ConcealedMS + r.Concealed/48
		if r.Frames > 0 || r.Height > 0 {
			l.frames, l.height, l.bytes = r.Frames, r.Height, r.Bytes
		}
	}
	if w.queue != nil {
		l.queued, err = badline.Queued(ctx, w.queue)
	}
	return l, err
}

// between is what was seen from one time to another.
func (w *watcher) between(from, to time.Time) (all []look, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.looks {
		if !l.at.Before(from) && l.at.Before(to) {
			all = append(all, l)
		}
	}
	if len(all) < 2 {
		return nil, fmt.Errorf("nothing was seen: %w", w.err)
	}
	return all, nil
}

// during is what comes of so much time from now on.
func (w *watcher) during(ctx context.Context, d time.Duration) (shown, error) {
	from := time.Now()
	if err := harness.Pause(ctx, d); err != nil {
		return shown{}, err
	}
	looks, err := w.between(from, time.Now())
	if err != nil {
		return shown{}, err
	}
	return sum(looks), nil
}

// shown is what came of a stretch of time.
type shown struct {
	dark     int           // whole seconds without a new frame
	freeze   time.Duration // all pauses that are longer than frozenAfter
	longest  time.Duration
	fps      float64
	height   float64 // at the end
	kbit     float64
	conceals float64 // share of the audio
	queued   int     // bytes, the most after 5 s
}

func sum(looks []look) (s shown) {
	first, last := looks[0], looks[len(looks)-1]
	span := last.at.Sub(first.at)
	s.fps = (last.frames - first.frames) / span.Seconds()
	s.kbit = (last.bytes - first.bytes) * 8 / 1000 / span.Seconds()
	s.conceals = (last.concealed - first.concealed) / float64(span.Milliseconds())
	s.height = last.height
	newest := first
	pause := func(until time.Time) {
		if d := until.Sub(newest.at); d > frozenAfter {
			s.freeze += d
			s.longest = max(s.longest, d)
		}
	}
	seconds := make([]bool, int(math.Ceil(span.Seconds())))
	for _, l := range looks[1:] {
		if l.frames > newest.frames {
			pause(l.at)
			newest = l
			seconds[min(int(l.at.Sub(first.at).Seconds()), len(seconds)-1)] = true
		}
		if l.at.Sub(first.at) > 5*time.Second {
			s.queued = max(s.queued, l.queued)
		}
	}
	pause(last.at)
	for _, some := range seconds[:int(span.Seconds())] {
		if !some {
			s.dark++
		}
	}
	return s
}

// reaches is when a frame of at least that height was first seen after from, and
// none smaller in the three seconds after it.
func reaches(looks []look, height float64) (time.Duration, bool) {
	const stays = 3 * time.Second
	for i, l := range looks {
		if l.height < height {
			continue
		}
		ok := true
		for _, later := range looks[i:] {
			if later.at.Sub(l.at) < stays && later.height < height {
				ok = false
				break
			}
		}
		if ok {
			return l.at.Sub(looks[0].at), true
		}
	}
	return 0, false
}
