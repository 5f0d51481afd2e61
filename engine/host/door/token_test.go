package door

import (
	"encoding/base64"
	"testing"
)

// TestMemberTag: it is another one for everything that it stands for.
func TestMemberTag(t *testing.T) {
	d := newDeadDoor(t)
	key := []byte("key")
	first := d.memberTag("a", "anna", key, 1)
	if first != d.memberTag("a", "anna", key, 1) {
		t.Error("not the same twice")
	}
	for _, other := range []string{
		d.memberTag("b", "anna", key, 1), d.memberTag("a", "ben", key, 1), d.memberTag("a", "anna", []byte("other"), 1),
		d.memberTag("a", "anna", key, 2), newDeadDoor(t).memberTag("a", "anna", key, 1),
	} {
		if other == first {
			t.Error("the same for something else")
		}
	}
	if raw, err := base64.RawURLEncoding.DecodeString(first); err != nil || len(raw) != 16 {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
}
