package desktop

import (
	"strings"
	"testing"
)

// TestHarmless: nothing that a guest says leaves the text in a script, or runs in it.
func TestHarmless(t *testing.T) {
	for _, said := range []string{"$(calc)", "$x", "a`nb", `"; calc; "`, "\u201d; calc", "\u201c\u201e\u201f", "a\nb\r\"@"} {
		if got := harmless(said); strings.ContainsAny(got, "$`\"\u201c\u201d\u201e\u201f\r\n") {
			t.Errorf("%q becomes %q", said, got)
		}
	}
	if got := harmless("Grace: 你好, it's 5"); got != "Grace: 你好, it's 5" {
		t.Errorf("got %q", got)
	}
}
