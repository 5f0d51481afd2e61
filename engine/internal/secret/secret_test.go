package secret

import (
	"encoding/base64"
	"testing"
)

func TestText(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		text := Text(16)
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(raw) != 16 {
			t.Fatalf("%q is %d bytes: %v", text, len(raw), err)
		}
		if seen[text] {
			t.Fatalf("%q came twice", text)
		}
		seen[text] = true
	}
}
