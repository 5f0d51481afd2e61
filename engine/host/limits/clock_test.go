package limits

import (
	"testing"
	"time"
)

func TestForwardClock(t *testing.T) {
	begin := time.Unix(1_700_000_000, 0)
	var c ForwardClock
	for _, step := range []struct{ says, want time.Duration }{
		{0, 0}, {time.Minute, time.Minute}, {-time.Hour, time.Minute}, {-time.Hour + time.Second, time.Minute + time.Second},
		{-2 * time.Hour, time.Minute + time.Second}, {-2*time.Hour + 1, time.Minute + time.Second + 1},
	} {
		if got := c.Now(begin.Add(step.says)); !got.Equal(begin.Add(step.want)) {
			t.Errorf("at %v it is %v, want %v", step.says, got.Sub(begin), step.want)
		}
	}
}
