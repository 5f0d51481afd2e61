//go:build linux

package window

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/exp/trace"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
)

const (
	traced     = 5 // seconds
	taskLimit  = 16
	mainThread = 1 // the goroutine that Go starts with; Fyne locks it to its thread
)

// tasks measures by Go's own trace how long the main thread is busy at once: what Fyne
// does until it waits, or looks again at what the user does; a paint, for example. Of
// this it tells apart what is in C: OpenGL, which llvmpipe computes here, and X.
func (c *clicker) tasks(ctx context.Context, b *harness.Bench, tiles int) (err error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	if err := harness.Pause(ctx, settle); err != nil {
		return err
	}
	url := fmt.Sprintf("http://%s/debug/pprof/trace?seconds=%d", c.pprof, traced)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	all, err := readTasks(res.Body)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("the trace has no task of the main thread")
	}
	var whole, own report.Times
	for _, t := range all {
		whole.Add(t.took)
		own.Add(t.took - t.outside)
	}
	what := fmt.Sprintf("Main thread in a call of %d tiles, one task", tiles)
	wanted := fmt.Sprintf("all <= %d ms", taskLimit)
	b.Table.Row(what, worst(whole), wanted, whole.At(1) <= taskLimit)
	b.Table.Row("... of it in Go, without OpenGL and the window system", worst(own), wanted, own.At(1) <= taskLimit)
	return nil
}

func worst(t report.Times) string {
	return fmt.Sprintf("p50 %.1f, p99 %.1f, the longest %.1f ms (%d)", t.At(.5), t.At(.99), t.At(1), len(t))
}

// task is what the main thread did between two looks at what the user does.
type task struct {
	took    time.Duration
	outside time.Duration // in C, or in the kernel
}

// readTasks reads a trace.
func readTasks(from io.Reader) (all []task, err error) {
	r, err := trace.NewReader(from)
	if err != nil {
		return nil, err
	}
	var begun, left trace.Time // of the present task, and of its way out of Go; 0: none
	var now task
	for {
		e, err := r.ReadEvent()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if e.Kind() != trace.EventStateTransition {
			continue
		}
		t := e.StateTransition()
		if t.Resource.Kind != trace.ResourceGoroutine || t.Resource.Goroutine() != mainThread {
			continue
		}
		before, after := t.Goroutine()
		if before == trace.GoSyscall && left > 0 {
			now.outside += e.Time().Sub(left)
			left = 0
		}
		looks := after == trace.GoSyscall && innermost(t.Stack) == pollEvents
		if begun > 0 && (looks || after == trace.GoWaiting && innermost(t.Stack) == mainLoop) {
			now.took = e.Time().Sub(begun)
			all, begun = append(all, now), 0
		}
		if begun == 0 && (looks || after == trace.GoRunning) {
			begun, now = e.Time(), task{}
		}
		if after == trace.GoSyscall {
			left = e.Time()
		}
	}
}

// Where the main thread looks for what the user does, and where it waits for a reason to.
const (
	pollEvents = "github.com/go-gl/glfw/v3.3/glfw._Cfunc_glfwPollEvents"
	mainLoop   = "fyne.io/fyne/v2/internal/driver/glfw.(*gLDriver).runGL"
)

// innermost is the function in which a stack ends, beside what waits for it.
func innermost(s trace.Stack) string {
	for f := range s.Frames() {
		if !strings.HasPrefix(f.Func, "runtime.") {
			return f.Func
		}
	}
	return ""
}
