package glyphs

import "testing"

func TestHas(t *testing.T) {
	for text, want := range map[string]bool{"": true, "English": true, "Français": true, "\U0010fffd": false, "a\U000f1234b": false} {
		if Has(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
