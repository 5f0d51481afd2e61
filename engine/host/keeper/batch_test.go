package keeper

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// toldTexts are the texts that everybody was told, in order.
func (w *world) toldTexts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, b := range w.batches {
		for _, m := range b.Messages {
			all = append(all, m.Text)
		}
	}
	return all
}

// TestBatches: at once when nothing was told just before, then together, in the
// order of the register.
func TestBatches(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		began := time.Now()
		w.sink(message("0", "anna", "text 0"))
		synctest.Wait()
		for i := range 50 {
			w.sink(message(fmt.Sprint(i), "anna", fmt.Sprint("text ", i)))
			w.sink(message(fmt.Sprint(i), "anna", "again"))
			w.after(time.Millisecond)
		}
		w.settle()
		if w.told[0] != began {
			t.Errorf("told after %v", w.told[0].Sub(began))
		}
		if n := len(w.batches); n < 3 || n > 5 {
			t.Errorf("%d batches in 50 ms", n)
		}
		if got := w.toldTexts(); len(got) != 50 || !slices.Equal(got, w.texts()) {
			t.Errorf("told %v, stored %v", got, w.texts())
		}
		for i, b := range w.batches {
			if b.Number != int64(i+1) {
				t.Errorf("batch %d is number %d", i, b.Number)
			}
		}
		if m := w.batches[0].Messages[0]; m.ID != "0" || m.From != "anna" || m.Name != "Name of anna" || m.Time != began.UnixMilli() {
			t.Errorf("%+v", m)
		}
	})
}

// TestBatchesFit: no packet is longer than the network takes, whatever is in it.
func TestBatchesFit(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.sink(message("first", "anna", "first"))
		synctest.Wait()
		for i, c := range []string{"<", `"`, "x", "\n", "ä", "\u2028", "&"} {
			for j := range 3 {
				id := fmt.Sprint(i, j, strings.Repeat(`"`, 120))
				w.sink(message(id, "anna", strings.Repeat(c, call.MaxChat/len(c))))
			}
		}
		for i := range 2 * call.ChatBurst { // and refusals
			w.sink(message(fmt.Sprint(strings.Repeat(`"`, 120), i), call.Identity(fmt.Sprint("p", i%20)), "x"))
		}
		for i := range 300 {
			w.sink(message(fmt.Sprint("flood", strings.Repeat(`"`, 120), i), "anna", "x"))
		}
		w.settle()
		for i, n := range w.sizes {
			if n > 15_000 {
				t.Errorf("batch %d has %d bytes", i, n)
			}
		}
		if got := w.toldTexts(); !slices.Equal(got, w.texts()) {
			t.Errorf("%d told, %d stored", len(got), len(w.texts()))
		}
	})
}

// TestBatchesRefuse: a sender who is too fast is told so, and may go on later.
func TestBatchesRefuse(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		for i := range call.ChatBurst {
			w.sink(message(fmt.Sprint(i), "anna", "text"))
		}
		w.sink(message("too much", "anna", "text"))
		w.settle()
		var refused []doorapi.ChatRefusal
		for _, b := range w.batches {
			refused = append(refused, b.Refused...)
		}
		if want := []doorapi.ChatRefusal{{ID: "too much", From: "anna", Code: doorapi.CodeTooFast}}; !slices.Equal(refused, want) {
			t.Errorf("refused %+v", refused)
		}
		w.after(time.Second)
		w.sink(message("too much", "anna", "again")) // the same, later
		w.settle()
		if got := w.toldTexts(); len(got) != call.ChatBurst+1 || got[call.ChatBurst] != "again" {
			t.Errorf("%d told", len(got))
		}
		n := len(w.batches)
		for i := range 10_000 {
			w.sink(message(fmt.Sprint("flood", i), "anna", "text"))
		}
		w.settle()
		for _, b := range w.batches[n:] {
			if len(b.Refused) > refusalsOfOne {
				t.Errorf("%d refusals of one sender in a batch", len(b.Refused))
			}
		}
	})
}

// TestBatchesWithoutStore: a register that fails does not keep anybody from
// hearing the others.
func TestBatchesWithoutStore(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.set(func() { w.broken = errBroken })
		w.say("anna", 40)
		if n := len(w.toldTexts()); n != 40 || len(w.texts()) != 0 {
			t.Errorf("%d told, %d stored", n, len(w.texts()))
		}
		w.set(func() { w.broken = nil })
		w.after(w.k.limits.RetryMost)
		if n := len(w.texts()); n != 40 {
			t.Errorf("%d stored", n)
		}
	})
}

// TestBatchesLost: what could not be told leaves a gap in the numbers.
func TestBatchesLost(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.set(func() { w.deaf = errors.New("not connected") })
		w.say("anna", 2)
		w.set(func() { w.deaf = nil })
		w.say("anna", 1)
		if len(w.batches) != 1 || w.batches[0].Number != 3 || len(w.texts()) != 3 {
			t.Errorf("%+v", w.batches)
		}
	})
}

// TestBatchesEnd: the last ones are told before the keeper goes.
func TestBatchesEnd(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.say("anna", 1)
		w.sink(message("1", "anna", "one"))
		synctest.Wait()
		w.sink(message("2", "anna", "last words")) // waits for others
		synctest.Wait()
		w.end()
		<-w.done
		if got := w.toldTexts(); len(got) != 3 || got[2] != "last words" {
			t.Errorf("told %v", got)
		}
	})
}
