package doorapi

import (
	"encoding/json"
	"testing"
)

// FuzzRoomParameter: what is read is what was written.
func FuzzRoomParameter(f *testing.F) {
	for _, s := range []string{`"hall"`, `12`, `-1`, `1e3`, `1.0`, `null`, `{}`, `"50%"`, `99999999999999999999999`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var p RoomParameter
		if json.Unmarshal(raw, &p) != nil {
			return
		}
		again, err := json.Marshal(p)
		var q RoomParameter
		if err != nil || json.Unmarshal(again, &q) != nil || q != p {
			t.Fatalf("%q became %q", p, q)
		}
	})
}
