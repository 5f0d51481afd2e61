package voice

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// suppressor is a net that takes noise out of speech.
type suppressor interface {
	part
	// process suppresses the noise of a frame. What it returns was heard delay()
	// samples before. speech is how sure it is of a voice, or negative.
	process(frame []float32) (speech float32, err error)
	delay() int
}

// net is one that is WebAssembly.
type net struct {
	*module
	state, in, out uint64
	run            api.Function
}

// ended closes the net if it could not be made.
func (n *net) ended() error {
	err := n.err
	if err != nil {
		n.close()
	}
	return err
}

func (n *net) close() { n.module.close() }

// rnnoise is the light suppressor.
type rnnoise struct{ net }

const rnnoiseScale = 32768 // it wants 16 bit

func newRNNoise(l *Library) (suppressor, error) {
	m, err := l.newModule(partLight, func(ctx context.Context, r wazero.Runtime) (api.Module, error) {
		host := r.NewHostModuleBuilder("env")
		host.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(grow),
			[]api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}).Export("emscripten_resize_heap")
		host.NewFunctionBuilder().WithFunc(copyMemory).Export("emscripten_memcpy_big")
		host.NewFunctionBuilder().WithFunc(func(_, _, _, _ uint32) { panic("assertion") }).Export("__assert_fail")
		_, err := host.Instantiate(ctx)
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	n := &rnnoise{net{module: m}}
	m.named("__wasm_call_ctors")
	n.state = m.named("rnnoise_create", 0)
	n.in, n.out = m.named("malloc", 4*FrameSamples), m.named("malloc", 4*FrameSamples)
	n.run = m.function("rnnoise_process_frame")
	if err := n.ended(); err != nil {
		return nil, err
	}
	return n, nil
}

func (n *rnnoise) process(frame []float32) (float32, error) {
	n.write(uint32(n.in), frame, rnnoiseScale)
	speech := n.call(n.run, n.state, n.out, n.in)
	n.read(uint32(n.out), frame, 1.0/rnnoiseScale)
	return api.DecodeF32(speech), n.err
}

func (n *rnnoise) delay() int { return FrameSamples }

// gtcrn is the strong suppressor. Its frames are 16 ms.
type gtcrn struct {
	net
	block   [gtcrnFrame]float32
	n       int       // samples of block
	waiting []float32 // done, not returned yet
}

const (
	gtcrnFrame = 768
	// gtcrnAhead is what has to wait so that a frame is always ready: both lengths are
	// multiples of 96.
	gtcrnAhead = gtcrnFrame - 96
	gtcrnDelay = 890 // of its own, as measured
)

func newGTCRN(l *Library) (suppressor, error) {
	m, err := l.newModule(partStrong, func(ctx context.Context, r wazero.Runtime) (api.Module, error) {
		host := r.NewHostModuleBuilder("a")
		host.NewFunctionBuilder().WithFunc(func(_, _, _, _ uint32) { panic("assertion") }).Export("a")
		host.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(grow),
			[]api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}).Export("b")
		_, err := host.Instantiate(ctx)
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	n := &gtcrn{net: net{module: m}, waiting: make([]float32, gtcrnAhead, 2*gtcrnFrame)}
	m.named("d")           // constructors
	n.state = m.named("e") // gtcrn_create
	n.in, n.out = m.named("k", 4*gtcrnFrame), m.named("k", 4*gtcrnFrame)
	n.run = m.function("j") // gtcrn_process_48k
	if err := n.ended(); err != nil {
		return nil, err
	}
	return n, nil
}

func (n *gtcrn) process(frame []float32) (float32, error) {
	for in := frame; len(in) > 0; {
		took := copy(n.block[n.n:], in)
		in = in[took:]
		if n.n += took; n.n < gtcrnFrame {
			break
		}
		n.n = 0
		n.write(uint32(n.in), n.block[:], 1)
		n.call(n.run, n.state, n.in, n.out)
		n.read(uint32(n.out), n.block[:], 1)
		if n.err != nil {
			return -1, n.err
		}
		n.waiting = append(n.waiting, n.block[:]...)
	}
	took := copy(frame, n.waiting)
	n.waiting = n.waiting[:copy(n.waiting, n.waiting[took:])]
	return -1, nil
}

func (n *gtcrn) delay() int { return gtcrnAhead + gtcrnDelay }

// grow is a part's wish for more memory.
func grow(_ context.Context, m api.Module, stack []uint64) {
	const page = 1 << 16
	want, have := uint32(stack[0]), m.Memory().Size()
	stack[0] = 1
	if want > have {
		if _, ok := m.Memory().Grow((want - have + page - 1) / page); !ok {
			stack[0] = 0
		}
	}
}

// copyMemory copies within a part's memory.
func copyMemory(_ context.Context, m api.Module, to, from, n uint32) uint32 {
	if b, ok := m.Memory().Read(from, n); !ok || !m.Memory().Write(to, b) {
		panic("copy beyond the memory")
	}
	return to
}
