package keeper

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

func message(id string, from call.Identity, text string) call.ChatReceived {
	return call.ChatReceived{Message: call.ChatMessage{ID: id, From: from, Text: text}}
}

func (w *world) texts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, l := range w.lines {
		all = append(all, l.Text)
	}
	return all
}

// TestChatStored: in order, once, together, with the session and the name.
func TestChatStored(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		writes := w.writes
		for i := range 50 {
			w.sink(message(fmt.Sprint(i), "anna", fmt.Sprint("text ", i)))
			w.sink(message(fmt.Sprint(i), "anna", "again"))
		}
		w.settle()
		got := w.texts()
		if len(got) != 50 {
			t.Fatalf("%d lines", len(got))
		}
		for i, text := range got {
			if text != fmt.Sprint("text ", i) {
				t.Fatalf("line %d is %q", i, text)
			}
		}
		if l := w.lines[0]; l.Room != "hall" || l.Session != session || l.From != "anna" || l.Name != "Name of anna" || l.At.IsZero() || l.ID != "0" {
			t.Errorf("%+v", l)
		}
		if n := w.writes - writes; n > 2 {
			t.Errorf("%d writes for 50 lines", n)
		}
	})
}

// TestChatIDsOfSenders: nobody hides a message by saying another one with its ID.
func TestChatIDsOfSenders(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"), person("mallory", "PA_mallory"))
		w.sink(message("1", "mallory", "forged"))
		w.sink(message("1", "anna", "true"))
		w.sink(message("1", "mallory", "again"))
		w.settle()
		if got := strings.Join(w.texts(), " "); got != "forged true" {
			t.Errorf("stored %q", got)
		}
		var told []string
		for _, b := range w.batches {
			for _, m := range b.Messages {
				told = append(told, string(m.From)+":"+m.ID)
			}
		}
		if got := strings.Join(told, " "); got != "mallory:1 anna:1" {
			t.Errorf("told %q", got)
		}
	})
}

func TestChatLimits(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.sink(message("long", "anna", strings.Repeat("x", call.MaxChat+1)))
		w.sink(message("empty", "anna", ""))
		w.sink(message("bytes", "anna", "\xff"))
		w.settle()
		if got := w.texts(); len(got) != 0 {
			t.Fatalf("stored %.20q", got)
		}
		for i := range 3 * call.ChatBurst {
			w.sink(message(fmt.Sprint("flood", i), "anna", "flood"))
		}
		w.sink(message("ben", "ben", "hello"))
		w.settle()
		got := w.texts()
		if len(got) != call.ChatBurst+1 || got[len(got)-1] != "hello" {
			t.Errorf("%d lines of a flood of %d", len(got), 3*call.ChatBurst)
		}
		for i := range 5000 { // of many
			w.sink(message(fmt.Sprint("crowd", i), call.Identity(fmt.Sprint("p", i/50)), "crowd"))
		}
		w.settle()
		if n := len(w.texts()) - len(got); n > 4000+100 || n < 3000 {
			t.Errorf("%d lines of a crowd's 5000 at once", n)
		}
	})
}

// TestChatNotStored: the room goes on, is told once, and what was said meanwhile
// is stored afterwards.
func TestChatNotStored(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.set(func() { w.broken = errBroken })
		w.say("anna", 40) // 2 s
		w.wantNotices(doorapi.NoticeChatOff)
		if err := w.k.Flush(w.t.Context()); !errors.Is(err, call.ErrNotStored) {
			t.Errorf("flush: %v", err)
		}
		w.leave("anna", call.ReasonConnectionLost)
		w.set(func() { w.broken = nil })
		w.after(w.k.limits.RetryMost)
		w.wantNotices(doorapi.NoticeChatOff, doorapi.NoticeChatOn)
		if n := len(w.texts()); n != 40 {
			t.Errorf("%d lines, want 40", n)
		}
		if got := w.presence("anna"); got != call.PresenceOffline {
			t.Errorf("presence %q", got)
		}
		if err := w.k.Flush(w.t.Context()); err != nil {
			t.Errorf("flush: %v", err)
		}
		// The next failure is told again.
		w.set(func() { w.broken = errBroken })
		w.say("anna", 1)
		w.settle()
		w.wantNotices(doorapi.NoticeChatOff, doorapi.NoticeChatOn, doorapi.NoticeChatOff)
		w.set(func() { w.broken = nil })
	})
}

// TestChatHangs: a locked database does not hold up the room.
func TestChatHangs(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.set(func() { w.slow = time.Hour })
		w.say("anna", 1)
		w.after(w.k.limits.Store)
		w.wantNotices(doorapi.NoticeChatOff)
		w.leave("anna", call.ReasonRemoved)
		w.wantExits("anna")
		w.set(func() { w.slow = 0 })
		w.after(w.k.limits.Store + w.k.limits.RetryMost)
		if n := len(w.texts()); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}

// TestChatBacklog: the backlog has a limit, and the newest messages stay.
func TestChatBacklog(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster()
		w.k.limits.Waiting = 10
		w.set(func() { w.broken = errBroken })
		for i := range 25 {
			w.sink(message(fmt.Sprint(i), "anna", fmt.Sprint(i)))
			w.after(100 * time.Millisecond)
		}
		w.set(func() { w.broken = nil })
		w.after(w.k.limits.RetryMost)
		got := w.texts()
		if len(got) != 10 || got[0] != "15" || got[9] != "24" {
			t.Errorf("%v", got)
		}
		if err := w.k.Flush(w.t.Context()); err != nil {
			t.Errorf("flush: %v", err)
		}
	})
}

// TestFlush: a reader sees everything that had come.
func TestFlush(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.set(func() { w.slow = 100 * time.Millisecond })
		began := time.Now()
		w.sink(message("1", "anna", "one"))
		w.after(w.k.limits.Gather + time.Millisecond) // is being written
		w.sink(message("2", "anna", "two"))
		if err := w.k.Flush(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.texts(); len(got) != 2 {
			t.Errorf("%v", got)
		}
		if took := time.Since(began); took > 250*time.Millisecond {
			t.Errorf("flush took %v", took)
		}
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Millisecond)
		defer cancel()
		w.sink(message("3", "anna", "three"))
		if err := w.k.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("flush: %v", err)
		}
		w.after(time.Second)
	})
}

// TestSay: the host's tools have no sender, and count as a message.
func TestSay(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("ben", "PA_ben"))
		w.leave("ben", call.ReasonConnectionLost)
		w.after(time.Minute)
		m, err := w.k.Say(w.t.Context(), "hello")
		if err != nil || m.From != "" || m.Name != "" || m.ID != "by-hello" {
			t.Fatalf("%+v, %v", m, err)
		}
		w.settle()
		if len(w.lines) != 1 || w.lines[0].From != "" || w.lines[0].Name != "" || w.lines[0].Text != "hello" {
			t.Errorf("%+v", w.lines)
		}
		w.wantExits("ben")
		if _, err := w.k.Say(w.t.Context(), ""); !errors.Is(err, call.ErrEmpty) {
			t.Errorf("nothing: %v", err)
		}
	})
}

// TestEndStores: what came before the end is in the register after it.
func TestEndStores(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.sink(message("1", "anna", "last words"))
		w.end()
		synctest.Wait()
		if got := w.texts(); len(got) != 1 {
			t.Errorf("%v", got)
		}
		if err := w.k.Flush(w.t.Context()); !errors.Is(err, call.ErrNotStored) {
			t.Errorf("flush after the end: %v", err)
		}
		if w.presence("anna") != call.PresenceOnline {
			t.Error("somebody is gone because the keeper is")
		}
	})
}

// TestEndBounded: a register that hangs does not hold up the server's stop.
func TestEndBounded(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.set(func() { w.slow = time.Hour })
		w.sink(message("1", "anna", "last words"))
		began := time.Now()
		w.end()
		<-w.done
		if took := time.Since(began); took > w.k.limits.Stop {
			t.Errorf("took %v", took)
		}
	})
}
