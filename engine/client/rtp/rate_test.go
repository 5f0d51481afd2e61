package rtp

import (
	"testing"
	"time"
)

func TestRateControl(t *testing.T) {
	var r rateControl
	r.reset()
	now := time.Unix(1000, 0)
	step := func(lost float64, times int) int {
		for range times {
			now = now.Add(rateHold)
			r.report(lost, now)
		}
		return r.apply(1000)
	}
	if got := step(0, 10); got != 1000 {
		t.Errorf("without loss: %d", got)
	}
	if got := step(0.2, 2); got > 900 || got < 700 {
		t.Errorf("after 20 %% loss: %d", got)
	}
	before := r.apply(1000)
	if got := step(0.05, 5); got != before {
		t.Errorf("5 %% loss changed %d to %d", before, got)
	}
	if got := step(0.9, 50); got != 1000*rateFloor {
		t.Errorf("floor: %d", got)
	}
	if got := step(0, 100); got != 1000 {
		t.Errorf("recovered: %d", got)
	}
}
