package voice

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/sirupsen/logrus"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"golang.org/x/sys/cpu"

	"foyer/engine/internal/guard"
)

// The parts that are WebAssembly, each one file for all systems. parts/README.md says
// where they come from; a test compares their sums.
//
//go:embed parts/*.wasm
var files embed.FS

const (
	partEcho   = "aec3.wasm"
	partLight  = "rnnoise.wasm"
	partStrong = "gtcrn.wasm"
)

// maxPages limits the memory of a part, 64 KiB each: they begin with 256 and 267.
const maxPages = 320

// errEnded is what is asked of a part that has ended.
var errEnded = errors.New("the part has ended")

// errNoCompiler is the answer on processors for which WebAssembly is not compiled. It
// could be interpreted, which takes tens of times as long: too long for a call.
var errNoCompiler = errors.New("webassembly is not compiled for this processor")

// compiles reports whether wazero has a compiler for a processor. On one without SSE 4.1
// its code would end the program.
func compiles(arch string, sse41 bool) bool {
	return arch == "arm64" || arch == "amd64" && sse41
}

// Library makes parts. What it has compiled stays in memory until Close.
type Library struct {
	log   logrus.FieldLogger
	cache wazero.CompilationCache
	read  func(path string) ([]byte, error) // a file of files

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup // parts being made
	making sync.Mutex     // one at a time, so that nothing is compiled twice
}

// NewLibrary returns a library that has compiled nothing yet.
func NewLibrary(log logrus.FieldLogger) *Library {
	return &Library{log: log, cache: wazero.NewCompilationCache(), read: files.ReadFile}
}

// Close waits for the parts that are being made, which takes a second at most, and
// frees what was compiled. The chains must be closed before.
func (l *Library) Close() {
	l.mu.Lock()
	closed := l.closed
	l.closed = true
	l.mu.Unlock()
	l.wg.Wait()
	if !closed {
		if err := l.cache.Close(context.Background()); err != nil {
			l.log.WithError(err).Debug("compiled parts were not freed")
		}
	}
}

// part is what has been made of a file.
type part interface{ close() }

// pending is a part that is being made, or is ready.
type pending[P part] struct {
	mu    sync.Mutex
	value P
	err   error
	ready bool
	gone  bool // nobody wants it any more
}

// begin makes a part in the background.
func begin[P part](l *Library, build func(l *Library) (P, error)) *pending[P] {
	p := &pending[P]{}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		p.ready, p.err = true, errEnded
		return p
	}
	l.wg.Go(func() {
		l.making.Lock()
		defer l.making.Unlock()
		if p.unwanted() {
			return
		}
		value, err := guard.Call(func() (P, error) { return build(l) })
		p.settle(value, err)
	})
	return p
}

func (p *pending[P]) unwanted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone
}

func (p *pending[P]) settle(value P, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone && err == nil {
		value.close()
		return
	}
	p.value, p.err, p.ready = value, err, true
}

// take returns the part once it is ready.
func (p *pending[P]) take() (value P, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.value, p.ready && p.err == nil, p.err
}

// drop gives the part back, now or when it is ready.
func (p *pending[P]) drop() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ready && p.err == nil && !p.gone {
		p.value.close()
	}
	p.gone = true
}

// module is a part's own WebAssembly machine. It belongs to one goroutine at a time.
type module struct {
	runtime wazero.Runtime
	code    api.Module
	memory  api.Memory
	err     error // the first call that failed; nothing is called after it
	stack   [8]uint64
}

// newModule makes a machine for a file. link gives it what it imports, and may return
// the module that has its memory.
func (l *Library) newModule(
	file string, link func(ctx context.Context, r wazero.Runtime) (api.Module, error),
) (m *module, err error) {
	ctx := context.Background()
	code, err := l.read("parts/" + file)
	if err != nil {
		return nil, err
	}
	if !compiles(runtime.GOARCH, cpu.X86.HasSSE41) {
		return nil, errNoCompiler
	}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().
		WithCompilationCache(l.cache).WithMemoryLimitPages(maxPages).WithDebugInfoEnabled(false))
	m = &module{runtime: r}
	defer func() {
		if err != nil {
			m.close()
			err = fmt.Errorf("%s: %w", file, err)
		}
	}()
	owner, err := link(ctx, r)
	if err != nil {
		return m, err
	}
	if m.code, err = instantiate(ctx, r, code, file); err != nil {
		return m, err
	}
	if owner == nil {
		owner = m.code
	}
	if m.memory = owner.Memory(); m.memory == nil {
		return m, errors.New("it has no memory")
	}
	return m, nil
}

// instantiate makes a module. What is compiled for that outlives the module and its
// runtime: the library's cache has it.
func instantiate(ctx context.Context, r wazero.Runtime, code []byte, name string) (api.Module, error) {
	code, err := bounded(code)
	if err != nil {
		return nil, err
	}
	compiled, err := r.CompileModule(ctx, code)
	if err != nil {
		return nil, err
	}
	return r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(name).WithStartFunctions())
}

// close frees the machine. A nil one has none.
func (m *module) close() {
	if m == nil || m.runtime == nil {
		return
	}
	m.err = errEnded
	_ = m.runtime.Close(context.Background()) // nothing of it waits for anything
	m.runtime = nil
}

// function finds what the file exports.
func (m *module) function(name string) api.Function {
	f := m.code.ExportedFunction(name)
	if f == nil && m.err == nil {
		m.err = fmt.Errorf("no function %q", name)
	}
	return f
}

// call calls a function, unless one has failed.
func (m *module) call(f api.Function, args ...uint64) uint64 {
	if m.err != nil {
		return 0
	}
	copy(m.stack[:], args)
	if m.err = f.CallWithStack(context.Background(), m.stack[:]); m.err != nil {
		return 0
	}
	return m.stack[0]
}

// named calls a function by its name.
func (m *module) named(name string, args ...uint64) uint64 {
	f := m.function(name)
	return m.call(f, args...)
}

// pointer reads an address.
func (m *module) pointer(at uint64) uint32 {
	v, ok := m.memory.ReadUint32Le(uint32(at))
	if !ok && m.err == nil {
		m.err = fmt.Errorf("no address at %#x", at)
	}
	return v
}

// write puts samples, times scale, into the machine.
func (m *module) write(at uint32, samples []float32, scale float32) {
	if m.err != nil {
		return
	}
	b, ok := m.memory.Read(at, uint32(4*len(samples)))
	if !ok {
		m.err = fmt.Errorf("no room at %#x", at)
		return
	}
	put(b, samples, scale)
}

// read gets samples, times scale.
func (m *module) read(at uint32, samples []float32, scale float32) {
	if m.err != nil {
		return
	}
	b, ok := m.memory.Read(at, uint32(4*len(samples)))
	if !ok {
		m.err = fmt.Errorf("nothing at %#x", at)
		return
	}
	if !get(b, samples, scale) {
		m.err = errNotNumber
	}
}
