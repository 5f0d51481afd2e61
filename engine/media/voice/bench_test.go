package voice

import (
	"testing"

	"foyer/engine/internal/silent"
)

// What 10 ms cost, by part.
func BenchmarkParts(b *testing.B) {
	l := NewLibrary(silent.Log())
	b.Cleanup(l.Close)
	far, near := tone(5*sampleRate), tone(5*sampleRate)
	frame, ref := make([]float32, FrameSamples), make([]float32, FrameSamples)
	var h hiss
	each := func(name string, f func(ref, mic []float32)) {
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				copy(frame, near[i:])
				copy(ref, far[i:])
				h.add(frame)
				h.add(ref)
				f(ref, frame)
				i = (i + FrameSamples) % (len(far) - FrameSamples)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*100*100, "core-%")
		})
	}
	lin := newLinear(newFFT())
	each("linear", func(ref, mic []float32) { lin.process(ref, mic) })
	aec, err := newAEC3(l)
	if err != nil {
		b.Fatal(err)
	}
	defer aec.close()
	each("aec3", func(ref, mic []float32) { _ = aec.process(ref, mic) })
	light, err := newRNNoise(l)
	if err != nil {
		b.Fatal(err)
	}
	defer light.close()
	each("light", func(_, mic []float32) { _, _ = light.process(mic) })
	strong, err := newGTCRN(l)
	if err != nil {
		b.Fatal(err)
	}
	defer strong.close()
	each("strong", func(_, mic []float32) { _, _ = strong.process(mic) })
	played := &Reference{}
	r := played.NewReader()
	stereo, at := make([]int16, 2*FrameSamples), int64(0)
	each("reference", func(_, mic []float32) {
		played.Write(stereo, at)
		r.Read(mic, at)
		at += FrameSamples
	})
}
