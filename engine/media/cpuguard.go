package media

import "time"

const (
	// busyShare of the time spent on encoding is too much: frames come late, and the
	// window wants to draw, too. It counts over guardWindow, after guardPatience of
	// such windows in a row, and so many more for each further step: a layer is missed
	// more than every other frame.
	busyShare     = 0.9
	guardWindow   = time.Second
	guardPatience = 4
	// calmShare is so little that one step back is worth a try, after calmFor; each
	// try that fails within calmFor doubles the wait for the next, up to calmMost.
	calmShare = 0.4
	calmFor   = 10 * time.Second
	calmMost  = 2 * time.Minute
)

// cpuGuard takes work from an encoder that this computer is too slow for: first every
// other frame, then one layer after another from the top. It is pure; it belongs to the
// goroutine that encodes.
type cpuGuard struct {
	most  int // steps that there are
	step  int
	wait  time.Duration // of calm before the next try
	tried time.Time     // when it last took a step back

	began time.Time // of the window
	spent time.Duration
	busy  int       // windows in a row
	calm  time.Time // since when, zero if it is not
}

// add takes in that spent of the time before now went into a frame.
func (g *cpuGuard) add(now time.Time, spent time.Duration) {
	if g.began.IsZero() || now.Before(g.began) || now.Sub(g.began) > 3*guardWindow { // nothing was sent for a while
		g.began, g.spent, g.busy, g.calm = now, 0, 0, time.Time{}
	}
	g.spent += spent
	elapsed := now.Add(spent).Sub(g.began)
	if elapsed < guardWindow {
		return
	}
	share := float64(g.spent) / float64(elapsed)
	g.began, g.spent = now.Add(spent), 0
	g.judge(g.began, share)
}

func (g *cpuGuard) judge(now time.Time, share float64) {
	switch {
	case share > busyShare:
		g.calm = time.Time{}
		if g.busy++; g.busy < guardPatience*(g.step+1) || g.step == g.most {
			return
		}
		if g.wait = max(g.wait, calmFor); now.Sub(g.tried) < g.wait {
			g.wait = min(2*g.wait, calmMost)
		}
		g.step, g.busy = g.step+1, 0
	case share < calmShare && g.step > 0:
		g.busy = 0
		if g.calm.IsZero() {
			g.calm = now
		}
		if now.Sub(g.calm) >= max(g.wait, calmFor) {
			g.step, g.tried, g.calm = g.step-1, now, time.Time{}
		}
	default:
		g.busy, g.calm = 0, time.Time{}
	}
}

// layers is how many of all layers are left, from the bottom.
func (g *cpuGuard) layers(all int) int { return all - max(g.step-1, 0) }

// fps is what is left of a layer's frame rate.
func (g *cpuGuard) fps(of int) int {
	if g.step > 0 {
		return max((of+1)/2, 1)
	}
	return of
}
