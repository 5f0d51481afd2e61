package door

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"foyer/engine/doorapi"
	"foyer/engine/host/metrics"
	"foyer/engine/host/register"
	"foyer/internal/testenv"
)

// TestFullRegister: without space, nothing new is promised, and who is known
// comes in.
func TestFullRegister(t *testing.T) {
	var e doorapi.Error
	log, _ := testenv.NewLog()
	d := &Door{log: log, metrics: metrics.New()}
	w := httptest.NewRecorder()
	d.fail(w, log, fmt.Errorf("bind: %w", register.ErrFull))
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != http.StatusInsufficientStorage || e.Code != doorapi.CodeNoSpace {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
