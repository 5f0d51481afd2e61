//go:build linux

package speech

import (
	"math"
	"slices"
	"testing"
)

func TestDelays(t *testing.T) {
	t.Parallel()
	said := talk(4, 1)
	late := slices.Concat(make([]float64, rate*12/100), noisy(said, 10))
	took := delays(said, late)
	if len(took) < 3 || math.Abs(took.At(0)-120) > 1 || math.Abs(took.At(1)-120) > 1 {
		t.Errorf("120 ms: %v", took)
	}
	if took := delays(said, make([]float64, len(late))); len(took) != 0 {
		t.Errorf("silence is heard: %v", took)
	}
}
