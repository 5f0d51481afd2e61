package pause_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/internal/pause"
)

func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := pause.For(t.Context(), time.Minute); err != nil || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := pause.For(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute+time.Second {
			t.Errorf("cut short: %v after %v", err, time.Since(began))
		}
	})
}

func TestUnless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		began := time.Now()
		if !pause.Unless(done, time.Minute) || time.Since(began) != time.Minute {
			t.Errorf("waited %v", time.Since(began))
		}
		if !pause.Unless(done, -time.Minute) {
			t.Error("nothing to wait for, and it did not wait to the end")
		}
		time.AfterFunc(time.Second, func() { close(done) })
		if began = time.Now(); pause.Unless(done, time.Minute) || time.Since(began) != time.Second {
			t.Errorf("waited %v after the end", time.Since(began))
		}
		if pause.Unless(done, 0) {
			t.Error("what is over was waited for")
		}
	})
}
