package printer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
)

// A reader is late from when something waits for it, not from when it last read.
func TestAQuietHourIsNotTheReadersFault(t *testing.T) {
	for name, lines := range map[string]int{"behind": 2, "more than fits": 9} {
		t.Run(name, func(t *testing.T) {
			p := &Printer{wrote: time.Now().Add(-time.Hour), wake: make(chan struct{}, 1), gone: make(chan struct{})}
			for range lines {
				p.Line("chat", time.Now(), Fields{"text": strings.Repeat("x", maxAheadOfReader/2)})
			}
			if lines > 2 {
				if err := p.Failure(); !errors.Is(err, call.ErrServerFlood) {
					t.Errorf("gave up with %v, want %v", err, call.ErrServerFlood)
				}
				return
			}
			if !p.Behind(time.Now()) || p.Failure() != nil {
				t.Errorf("given up at once: %v", p.Failure())
			}
			p.Behind(time.Now().Add(unreadTimeout + time.Second))
			if err := p.Failure(); !errors.Is(err, call.ErrOutputUnread) {
				t.Errorf("later %v, want %v", err, call.ErrOutputUnread)
			}
		})
	}
}

// A reader that reads nothing while much waits for it is given up, and not
// before; the printer says why.
func TestPrinterNamesTheReaderThatDoesNotRead(t *testing.T) {
	stuck, stdout := io.Pipe()
	out := New(stdout)
	text := string(bytes.Repeat([]byte("x"), 64<<10))
	for range maxAheadOfReader/len(text) + 1 {
		out.Line("chat", time.Now(), Fields{"text": text})
	}
	if !out.Behind(time.Now()) || out.Failure() != nil {
		t.Errorf("behind too late, or given up too early (%v)", out.Failure())
	}
	if out.Behind(time.Now().Add(unreadTimeout + time.Second)); !errors.Is(out.Failure(), call.ErrOutputUnread) {
		t.Errorf("after the timeout: %v", out.Failure())
	}
	_ = stuck.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out.Finish(ctx)
}

func TestPrinterGivesUpOnAReaderThatDoesNotRead(t *testing.T) {
	stuck, stdout := io.Pipe()
	out := New(stdout)
	text := string(bytes.Repeat([]byte("x"), 64<<10))
	for range 2 * maxUnread / len(text) {
		out.Line("chat", time.Now(), Fields{"text": text})
	}
	select {
	case <-out.Gone():
	case <-time.After(20 * time.Second):
		t.Error("it keeps everything")
	}
	_ = stuck.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out.Finish(ctx)
	if ctx.Err() != nil {
		t.Error("its goroutine does not end")
	}
}
