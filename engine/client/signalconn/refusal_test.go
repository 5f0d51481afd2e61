package signalconn

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
)

// What the door said is said again whatever way the refusal came.
func TestRefusalsOfAnyLength(t *testing.T) {
	for _, text := range []string{"", "Enough", strings.Repeat("x", call.MaxText), strings.Repeat("\"", call.MaxText), strings.Repeat("ä", call.MaxText/2), strings.Repeat("\u2028<", call.MaxText/4)} {
		refusal, _ := doorapi.ErrorFrom(&call.PutOutError{Reason: call.ReasonOfflineRemoved, By: "Eve", Text: text})
		raw, err := json.Marshal(refusal)
		if err != nil {
			t.Fatal(err)
		}
		seen := statusError(refusal.Status(), raw[:min(len(raw), doorclient.MaxWebSocketRefusal)])
		var out *call.PutOutError
		if !errors.As(seen, &out) || out.Reason != call.ReasonOfflineRemoved || out.By != "Eve" {
			t.Fatalf("text of %d bytes: %v", len(text), seen)
		}
		if told := strings.TrimSuffix(out.Text, "…"); !strings.HasPrefix(text, told) || len(raw) <= doorclient.MaxWebSocketRefusal && out.Text != text {
			t.Errorf("text of %d bytes is read as %q", len(text), out.Text)
		}
	}
}
