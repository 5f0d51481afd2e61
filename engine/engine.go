package engine

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/engine/internal/mailbox"
)

// Engine is one client: idle, or in one room. The package comment says which goroutine
// may call what.
type Engine struct {
	cfg     Config
	inbox   *mailbox.Mailbox[message]
	events  *eventqueue.Queue
	started atomic.Bool
	quitNow sync.Once
	quit    chan struct{} // closed by Close
	done    chan struct{} // closed when the loop has ended
}

// New makes an engine. Nothing happens before [Engine.Run].
func New(cfg Config) *Engine {
	return &Engine{
		cfg:    cfg.withDefaults(),
		inbox:  mailbox.New[message](),
		events: eventqueue.New(),
		quit:   make(chan struct{}),
		done:   make(chan struct{}),
	}
}

// Run owns everything until ctx ends or [Engine.Close] is called. It then
// leaves with app_quit, and returns when everything is closed or its limits are
// over (about 5 s at worst), after the last event. It runs once; a second call
// and a call after Close fail with [call.ErrClosed].
func (e *Engine) Run(ctx context.Context) error {
	if !e.started.CompareAndSwap(false, true) {
		return fmt.Errorf("%w: it runs once", call.ErrClosed)
	}
	newLoop(e).run(ctx)
	return nil
}

// Do gives a command and answers at once. An error means that nothing was done
// and that no event follows: a name error, call.ErrBadArgument,
// call.ErrNotInRoom, call.ErrOtherRoom, call.ErrAlreadyInRoom,
// call.ErrNotPublished, call.ErrNotSupported, call.ErrClosed, or a
// *[call.DeviceError] of a device that is stuck. nil means that events follow,
// a [call.CommandFailed] among them if it cannot be done after all. A Join
// while a stay is ending is accepted and waits. Commands given before Run has
// begun wait for it.
func (e *Engine) Do(c Command) error {
	if c == nil {
		return fmt.Errorf("%w: no command", call.ErrBadArgument)
	}
	answer := make(chan error, 1)
	if !e.inbox.Put(commandGiven{c, answer}) {
		return call.ErrClosed
	}
	select {
	case err := <-answer:
		return err
	case <-e.done:
	}
	select {
	case err := <-answer: // the loop's last deed
		return err
	default:
		return call.ErrClosed
	}
}

// Events is the queue of everything that happens. It has one reader, and it is
// closed after the last event.
func (e *Engine) Events() *eventqueue.Queue { return e.events }

// Close leaves with app_quit, closes everything and waits for it, or for ctx,
// whose error it then returns; the closing goes on. It may be called at any
// time and any number of times.
func (e *Engine) Close(ctx context.Context) error {
	e.quitNow.Do(func() { close(e.quit) })
	if e.started.CompareAndSwap(false, true) {
		go newLoop(e).run(ctx) // never run: only the parts are closed
	}
	select {
	case <-e.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("engine is still closing: %w", ctx.Err())
	}
}
