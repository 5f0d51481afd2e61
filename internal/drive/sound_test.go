//go:build unix

package drive_test

import (
	"math/rand/v2"
	"testing"

	"foyer/internal/drive"
)

// The measure that the tests of the whole program trust: it must know a voice
// again under noise and a delay, and must not take another one for it.
func TestLikenessKnowsAVoice(t *testing.T) {
	t.Parallel()
	one, err := drive.Speak(t.Context(), "The quick brown fox jumps over the lazy dog, twice.", 50)
	if err != nil {
		t.Fatal(err)
	}
	other, err := drive.Speak(t.Context(), "Nine hundred ships sailed from Rotterdam in May.", 70)
	if err != nil {
		t.Fatal(err)
	}
	noise := rand.New(rand.NewPCG(1, 2))
	heard := make([]int16, len(one)+48000)
	for i := range heard {
		heard[i] = int16(noise.IntN(200) - 100)
	}
	for i, v := range one {
		heard[i+31234] += v / 2
	}
	silence := make([]int16, len(one)+48000)
	same, different, none := drive.Likeness(one, heard), drive.Likeness(other, heard), drive.Likeness(one, silence)
	t.Logf("same %.2f, different %.2f, silence %.2f", same, different, none)
	if same < 0.8 || different > 0.6 || none > 0.1 {
		t.Errorf("likeness of the same voice %.2f, of another %.2f, of silence %.2f", same, different, none)
	}
}
