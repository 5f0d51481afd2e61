package door

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e turnstile
		arrived, gone, ok := e.enter(t.Context())
		if !ok || e.pause(func() { t.Error("it runs while somebody is inside") }) {
			t.Error("a pause with somebody inside")
		}
		arrived()
		arrived()
		gone()
		began, entered := time.Now(), make(chan time.Duration, 1)
		ran := e.pause(func() {
			go func() {
				_, gone, ok := e.enter(context.Background())
				if ok {
					gone()
				}
				entered <- time.Since(began)
			}()
			impatient, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, _, ok := e.enter(impatient); ok {
				t.Error("somebody comes in during the pause")
			}
			if e.pause(func() {}) {
				t.Error("a pause within a pause")
			}
			time.Sleep(time.Second)
		})
		if took := <-entered; !ran || took != 2*time.Second {
			t.Errorf("ran %v, and a newcomer waited for %v", ran, took)
		}
		e.refuse()
		if _, _, ok := e.enter(t.Context()); ok || !e.refuses() || e.pause(func() {}) {
			t.Error("the server stops, and somebody comes in")
		}
	})
}
