package bandwidth

import (
	"testing"
	"time"
)

// A receiver's clock begins anywhere, and deltas may lead to before its zero.
func TestMeterTakesTimesBeforeZero(t *testing.T) {
	var m meter
	for slot := -40; slot < 20; slot++ {
		m.add(time.Duration(slot)*meterSlot, 1000)
	}
	if got, want := m.rate(time.Second), 1000*8/meterSlot.Seconds(); got != want {
		t.Errorf("%.0f bit/s, want %.0f", got, want)
	}
}
