package wait_test

import (
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/internal/wait"
)

func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		began := time.Now()
		if !wait.For(done, time.Minute) || time.Since(began) != time.Minute {
			t.Errorf("waited %v", time.Since(began))
		}
		if !wait.For(done, -time.Minute) {
			t.Error("nothing to wait for, and it did not wait to the end")
		}
		time.AfterFunc(time.Second, func() { close(done) })
		if began = time.Now(); wait.For(done, time.Minute) || time.Since(began) != time.Second {
			t.Errorf("waited %v after the end", time.Since(began))
		}
		if wait.For(done, 0) {
			t.Error("what is over was waited for")
		}
	})
}
