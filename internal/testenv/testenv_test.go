//go:build unix

package testenv_test

import (
	"context"
	"math"
	"testing"
	"time"

	"foyer/internal/testenv"
)

// What is played must be what is recorded, or every test of audio lies.
func TestPulseRecordsWhatIsSaid(t *testing.T) {
	t.Parallel()
	p := testenv.Pulse(t)
	if n := len(p.SourceOutputs()); n != 0 {
		t.Fatalf("%d recorders in a new server", n)
	}
	tone := make([]int16, 48000/2)
	for i := range tone {
		tone[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/48000))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	start := time.Now()
	p.FeedMic(ctx, tone)
	if took := time.Since(start); took < 400*time.Millisecond {
		t.Errorf("half a second was said in %v", took)
	}
	if got := p.RecordSpeaker(ctx, 200*time.Millisecond); len(got) != 9600 {
		t.Errorf("recorded %d samples, want 9600", len(got))
	}
}

func TestDisplayIsManaged(t *testing.T) {
	t.Parallel()
	if d := testenv.ManagedDisplay(t); d.Name == "" {
		t.Error("the display has no name")
	}
}
