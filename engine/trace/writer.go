package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"foyer/engine"
	"foyer/engine/internal/mailbox"
	"foyer/engine/private"
)

// Limits of a trace. What does not fit is counted, and the last line says so.
const (
	maxWaiting = 16 << 20  // bytes that wait for a slow disk
	maxFile    = 256 << 20 // bytes of one file
	maxString  = 16 << 10  // bytes of one value
)

// ErrFile says that a trace cannot be written to the file that was named.
var ErrFile = errors.New("a trace takes the name of a new file in a folder that only you can write to")

// Writer writes a trace from a goroutine of its own: no caller waits for a disk. Its
// methods may be called from any goroutine; those of a nil Writer do nothing.
type Writer struct {
	began time.Time
	hide  hider
	lines *mailbox.Mailbox[[]byte]
	out   io.WriteCloser
	done  chan struct{}

	mu      sync.Mutex
	waiting int
	written int
	missing int // lines that did not fit
	err     error
}

// Create makes the file, only for its owner. It must not be there yet, and nobody
// else may be able to write to its folder.
func Create(name string) (*Writer, error) {
	dir, err := private.Open(filepath.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	defer dir.Close()
	f, err := dir.OpenFile(filepath.Base(name), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if info, err := f.Stat(); err != nil || info.Size() > 0 {
		return nil, errors.Join(fmt.Errorf("%w: %s is there already", ErrFile, name), f.Close())
	}
	return New(f), nil
}

// New writes a trace to out, which Close closes.
func New(out io.WriteCloser) *Writer {
	w := &Writer{began: time.Now(), lines: mailbox.New[[]byte](), out: out, done: make(chan struct{})}
	go w.write()
	return w
}

// Note writes what the engine did.
func (w *Writer) Note(n engine.Note) {
	if w == nil {
		return
	}
	l := line{Kind: string(n.Kind), Op: string(n.Op), Gen: n.Gen, About: n.About}
	if n.Source != 0 {
		l.Source = n.Source.String()
	}
	if n.Kind == engine.NoteResult {
		l.TookMS = ms(n.Took)
	}
	if n.Err != nil {
		l.Error = short(n.Err.Error())
	}
	if n.Value != nil {
		l.Name, l.Value = w.hide.named(n.Value)
	}
	w.put(n.At, l)
}

// Frame writes a message of the signal connection.
func (w *Writer) Frame(sent bool, m proto.Message) {
	if w == nil {
		return
	}
	l := line{Kind: "received"}
	if sent {
		l.Kind = "sent"
	}
	l.Name, l.Value = w.hide.frame(m)
	w.put(time.Now(), l)
}

// line is a line of a trace. MS is since its beginning.
type line struct {
	MS     float64 `json:"ms"`
	Kind   string  `json:"kind"`
	Name   string  `json:"name,omitempty"` // of a command, an event or a frame
	Op     string  `json:"op,omitempty"`
	Gen    uint64  `json:"gen,omitempty"`
	Source string  `json:"source,omitempty"`
	About  string  `json:"about,omitempty"`
	TookMS float64 `json:"took_ms,omitempty"`
	Error  string  `json:"error,omitempty"`
	Value  any     `json:"value,omitempty"`
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (w *Writer) put(at time.Time, l line) {
	l.MS = ms(at.Sub(w.began))
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return // values of ours: they can be written
	}
	data := w.hide.secrets(text.Bytes())
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting+len(data) > maxWaiting || w.written+len(data) > maxFile {
		w.missing++
		return
	}
	w.waiting += len(data)
	w.written += len(data)
	w.lines.Put(data)
}

// Close writes what waits, and what is missing, and closes the file, or gives up when
// ctx ends. The error says why the trace is not complete.
func (w *Writer) Close(ctx context.Context) error {
	if w == nil {
		return nil
	}
	w.lines.Put(nil)
	select {
	case <-w.done:
	case <-ctx.Done():
		return fmt.Errorf("writing the trace: %w", ctx.Err())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.missing > 0 {
		return errors.Join(w.err, fmt.Errorf("%d lines of the trace did not fit", w.missing))
	}
	return w.err
}

// write is the goroutine. A nil line is the last.
func (w *Writer) write() {
	defer close(w.done)
	for range w.lines.Ready() {
		for _, data := range w.lines.Take() {
			if data == nil {
				w.finish()
				return
			}
			_, err := w.out.Write(data)
			w.mu.Lock()
			w.waiting -= len(data)
			if w.err == nil {
				w.err = err
			}
			w.mu.Unlock()
		}
	}
}

func (w *Writer) finish() {
	w.mu.Lock()
	missing := w.missing
	w.mu.Unlock()
	var err error
	if missing > 0 {
		_, err = fmt.Fprintf(w.out, "{\"ms\":%g,\"kind\":\"missing\",\"about\":\"%d lines\"}\n",
			ms(time.Since(w.began)), missing)
	}
	err = errors.Join(err, w.out.Close())
	w.mu.Lock()
	w.err = errors.Join(w.err, err)
	w.mu.Unlock()
}
