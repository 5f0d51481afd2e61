package media

import (
	"testing"
	"time"
)

// computer encodes frames of 30 a second, and cannot do more than one at a time.
type computer struct {
	g    cpuGuard
	now  time.Time
	cost func(step int) time.Duration // of a frame at 30 a second
}

// run is so much time of it; it returns the steps that the guard took, in their order.
func (c *computer) run(d time.Duration) (steps []int) {
	const interval = time.Second / 30
	for end := c.now.Add(d); c.now.Before(end); {
		before, cost := c.g.step, c.cost(c.g.step)
		c.g.add(c.now, cost)
		if c.g.step != before {
			steps = append(steps, c.g.step)
		}
		c.now = c.now.Add(max(interval, cost))
	}
	return steps
}

func TestCPUGuard(t *testing.T) {
	frames := func(all ...time.Duration) func(int) time.Duration {
		return func(step int) time.Duration { return all[min(step, len(all)-1)] }
	}
	const msec = time.Millisecond
	for _, tt := range []struct {
		name  string
		cost  func(int) time.Duration // by step
		steps []int                   // in the first minute
	}{
		{name: "fast", cost: frames(10 * msec)},
		{name: "just fast enough", cost: frames(28 * msec)},
		{name: "too slow for all frames", cost: frames(60*msec, 25*msec), steps: []int{1}},
		{name: "too slow for the layer at the top", cost: frames(100*msec, 50*msec, 20*msec), steps: []int{1, 2}},
		{name: "too slow for everything", cost: frames(100 * msec), steps: []int{1, 2, 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := computer{g: cpuGuard{most: 3}, now: time.Unix(1, 0), cost: tt.cost}
			got := c.run(time.Minute)
			if len(got) != len(tt.steps) {
				t.Fatalf("steps %v, want %v", got, tt.steps)
			}
			for i := range got {
				if got[i] != tt.steps[i] {
					t.Fatalf("steps %v, want %v", got, tt.steps)
				}
			}
		})
	}
}

// A computer that is busy for a while comes back to all; one that is too slow for good
// is asked less and less often.
func TestCPUGuardComesBack(t *testing.T) {
	slow := true
	c := computer{g: cpuGuard{most: 3}, now: time.Unix(1, 0), cost: func(int) time.Duration {
		if slow {
			return 100 * time.Millisecond
		}
		return 5 * time.Millisecond
	}}
	c.run(time.Minute)
	slow = false
	if c.run(time.Minute); c.g.step != 0 {
		t.Fatalf("a minute after the work was over: step %d", c.g.step)
	}
	c = computer{g: cpuGuard{most: 1}, now: time.Unix(1, 0), cost: func(step int) time.Duration {
		return []time.Duration{100 * time.Millisecond, 5 * time.Millisecond}[step]
	}}
	first := c.run(2 * time.Minute)
	c.run(10 * time.Minute)
	later := c.run(2 * time.Minute)
	if len(first) <= len(later) || len(later) > 4 {
		t.Errorf("%d steps in the first two minutes, %d in two later ones", len(first), len(later))
	}
}

func TestCPUGuardForgetsPauses(t *testing.T) {
	g := cpuGuard{most: 2}
	now := time.Unix(1, 0)
	for range 20 { // a frame now and then, each as long as a window: a share of a fifth
		g.add(now, guardWindow)
		now = now.Add(5 * guardWindow)
	}
	if g.step != 0 {
		t.Errorf("step %d", g.step)
	}
	if g.layers(3) != 3 || g.fps(30) != 30 {
		t.Errorf("%d layers, %d frames per second", g.layers(3), g.fps(30))
	}
	g.step = 2
	if g.layers(3) != 2 || g.fps(30) != 15 || g.fps(1) != 1 {
		t.Errorf("step 2: %d layers, %d and %d frames per second", g.layers(3), g.fps(30), g.fps(1))
	}
}
