package doorclient

import (
	"net/http"
	"testing"
	"time"
)

func FuzzAdmission(f *testing.F) {
	f.Add(200, []byte(`{"token":"a.b.c","title":"T"}`))
	f.Add(403, []byte(`{"error":"banned","until":1}`))
	f.Add(500, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		admitted, err := readAdmission(answer{status: status, body: body}, time.Now())
		if err == nil && (!UsableToken(admitted.Token) || status != http.StatusOK) {
			t.Errorf("accepted %+v with status %d", admitted, status)
		}
		if err != nil && !IsCallError(err) {
			t.Errorf("error of no kind: %v", err)
		}
	})
}
