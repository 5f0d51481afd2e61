package voice

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// aec3 is WebRTC's third echo canceller. The names of its functions are one letter
// each; those of the C that they come from stand beside them.
type aec3 struct {
	*module
	instance                      uint64
	renderIn, captureIn, out      uint64 // its audio buffers
	render, capture               uint64
	renderAt, captureAt, outAt    uint32 // the samples of the first three
	split, merge, copyIn, copyOut api.Function
	hearRender, hearCapture, take api.Function
}

func newAEC3(l *Library) (*aec3, error) {
	m, err := l.newModule(partEcho, linkAEC3)
	if err != nil {
		return nil, err
	}
	a := &aec3{module: m}
	m.named("h")                                        // constructors
	a.split, a.merge = m.function("t"), m.function("u") // WebRtcAudioBuffer_splitIntoFrequencyBands, merge...
	a.copyIn, a.copyOut = m.function("v"), m.function("w")
	a.hearRender, a.hearCapture = m.function("z"), m.function("A") // WebRtcAec3_analyzeRender, ...Capture
	a.take = m.function("B")                                       // WebRtcAec3_processCapture
	if err := a.begin(); err != nil {
		m.close()
		return nil, err
	}
	return a, nil
}

// begin makes its instance, of which there is one.
func (a *aec3) begin() error {
	m := a.module
	if a.instance != 0 {
		m.named("j", a.instance) // WebRtcAec3_free
	}
	a.instance = m.named("i", sampleRate, 1, 1) // WebRtcAec3_create
	a.renderIn = m.named("x", a.buffer()...)    // WebRtcAec3_mkRenderBuffer
	a.render = m.named("n", a.instance)         // WebRtcAec3_renderBuffer
	a.captureIn = m.named("y", a.buffer()...)   // WebRtcAec3_mkCaptureBuffer
	a.capture = m.named("o", a.instance)        // WebRtcAec3_captureBuffer
	a.out = m.named("q", a.instance)            // WebRtcAec3_captureOutBuffer
	for _, b := range []struct {
		buffer uint64
		at     *uint32
	}{{a.renderIn, &a.renderAt}, {a.captureIn, &a.captureAt}, {a.out, &a.outAt}} {
		*b.at = m.pointer(m.named("s", b.buffer)) // WebRtcAudioBuffer_channels
	}
	return m.err
}

// buffer is what a buffer is made for: one channel at one rate, all the way.
func (a *aec3) buffer() []uint64 {
	return []uint64{a.instance, sampleRate, 1, sampleRate, 1, sampleRate, 1}
}

// process takes the echo of ref out of mic. After an error nothing is changed.
func (a *aec3) process(ref, mic []float32) error {
	a.write(a.renderAt, ref, 1)
	a.call(a.copyIn, a.render, a.renderIn, sampleRate, 1)
	a.call(a.split, a.render)
	a.call(a.hearRender, a.instance)
	a.write(a.captureAt, mic, 1)
	a.call(a.copyIn, a.capture, a.captureIn, sampleRate, 1)
	a.call(a.split, a.capture)
	a.call(a.hearCapture, a.instance)
	a.call(a.take, a.instance, 0)
	a.call(a.merge, a.capture)
	a.call(a.copyOut, a.out, a.capture, sampleRate, 1)
	a.read(a.outAt, mic, 1)
	return a.err
}

// linkAEC3 gives the file what it imports. Its memory is one of them, which a module
// of Go functions cannot have: a module of a few bytes has it, and passes the
// functions on.
func linkAEC3(ctx context.Context, r wazero.Runtime) (api.Module, error) {
	fail := func(what string) func() {
		return func() { panic(errors.New(what)) }
	}
	const errnoBadFile, errnoSeek, errnoNoSys = 8, 70, 52
	host := r.NewHostModuleBuilder("host")
	host.NewFunctionBuilder().WithFunc(func(_, _, _ uint32) { fail("exception")() }).Export("b")
	host.NewFunctionBuilder().WithFunc(fail("abort")).Export("c")
	host.NewFunctionBuilder().WithFunc(func(_, _, _, _ uint32) uint32 { return errnoBadFile }).Export("d")
	host.NewFunctionBuilder().WithFunc(func(_, _, _, _, _ uint32) uint32 { return errnoSeek }).Export("e")
	host.NewFunctionBuilder().WithFunc(func(uint32) uint32 { return 0 }).Export("f") // grow: never
	host.NewFunctionBuilder().WithFunc(func(uint32) uint32 { return errnoNoSys }).Export("g")
	if _, err := host.Instantiate(ctx); err != nil {
		return nil, err
	}
	return instantiate(ctx, r, bridge(), "a")
}

// bridge is a module "a" that passes the functions of "host" on and has a memory.
func bridge() []byte {
	const (
		function, memory, withMaximum = 0, 2, 1
		pages                         = 256 // what the file asks for
	)
	vector := func(items ...[]byte) []byte {
		b := number(len(items))
		for _, i := range items {
			b = append(b, i...)
		}
		return b
	}
	name := func(s string) []byte { return append(number(len(s)), s...) }
	out := []byte{0, 'a', 's', 'm', 1, 0, 0, 0}
	section := func(id byte, body []byte) {
		out = append(append(append(out, id), number(len(body))...), body...)
	}
	signature := func(params, results int) []byte {
		b := append([]byte{funcType}, number(params)...)
		for range params {
			b = append(b, i32)
		}
		b = append(b, number(results)...)
		for range results {
			b = append(b, i32)
		}
		return b
	}
	var types, imports, exports [][]byte
	for i, f := range []struct {
		name            string
		params, results int
	}{{"b", 3, 0}, {"c", 0, 0}, {"d", 4, 1}, {"e", 5, 1}, {"f", 1, 1}, {"g", 1, 1}} {
		types = append(types, signature(f.params, f.results))
		imports = append(imports, append(append(append(name("host"), name(f.name)...), function), number(i)...))
		exports = append(exports, append(append(name(f.name), function), number(i)...))
	}
	exports = append(exports, append(name("a"), memory, 0))
	section(typeSection, vector(types...))
	section(importSection, vector(imports...))
	section(memorySection, vector(append(append([]byte{withMaximum}, number(pages)...), number(pages)...)))
	section(exportSection, vector(exports...))
	return out
}
