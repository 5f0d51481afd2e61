package words

import "testing"

// A name that is written from right to left does not turn the sentence.
func TestNamesAreIsolated(t *testing.T) {
	b := English()
	for name, want := range map[string]string{
		"Ada": "Ada joined", "محمد": "\u2068محمد\u2069 joined", "עדה\u200e (2)": "\u2068עדה\u200e (2)\u2069 joined", "王": "王 joined",
	} {
		if got := b.T("room.joined", "name", name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
