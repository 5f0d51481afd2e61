package voice

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"github.com/tetratelabs/wazero"

	"foyer/engine/call/mic"
)

// spin is a module with a function "spin" that never ends.
func spin() []byte {
	const section, end = 1, 0x0b
	out := []byte{0, 'a', 's', 'm', 1, 0, 0, 0}
	out = append(out, typeSection, 4, section, funcType, 0, 0)
	out = append(out, functionSection, 2, section, 0)
	out = append(out, exportSection, 8, section, 4, 's', 'p', 'i', 'n', 0, 0)
	body := []byte{0, instructionLoop, 0x40, 0x0c, 0, end, end} // loop, br 0
	out = append(out, codeSection, byte(len(body)+2), section, byte(len(body)))
	return append(out, body...)
}

// TestBounded: a loop that never ends traps. Without that it would stop the whole program.
func TestBounded(t *testing.T) {
	r := wazero.NewRuntime(t.Context())
	defer r.Close(context.Background())
	m, err := instantiate(t.Context(), r, spin(), "spin")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the count begins anew
		if _, err := m.ExportedFunction("spin").Call(t.Context()); err == nil {
			t.Error("an endless loop has ended without an error")
		}
	}
}

// TestBounded_damaged: what is cut or no module at all is an error and no panic.
func TestBounded_damaged(t *testing.T) {
	if _, err := bounded([]byte("GIF89a, and no module")); !errors.Is(err, errBinary) {
		t.Errorf("no module: %v", err)
	}
	for _, file := range []string{partEcho, partLight, partStrong} {
		code, err := files.ReadFile("parts/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if whole, err := bounded(code); err != nil || len(whole) <= len(code) {
			t.Errorf("%s: %d bytes of %d, %v", file, len(whole), len(code), err)
		}
		for n := 9; n < len(code); n += 29989 {
			if _, err := bounded(code[:n]); err == nil && n < len(code)/2 {
				t.Errorf("%s: cut at %d", file, n)
			}
		}
		for n := 11; n < len(code); n += 14983 {
			broken := append([]byte(nil), code...)
			broken[n] ^= 0xff
			_, _ = bounded(broken) // wazero checks what this lets through
		}
	}
}

// TestChain_badParts: files that are missing, damaged or loop. Everything else goes on,
// and each is told of once.
func TestChain_badParts(t *testing.T) {
	for _, tt := range []struct {
		name string
		read func(string) ([]byte, error)
	}{
		{"missing", func(string) ([]byte, error) { return nil, fs.ErrNotExist }},
		{"damaged", func(string) ([]byte, error) { return []byte("\x00asm and so on"), nil }},
		{"another", func(string) ([]byte, error) { return spin(), nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLibrary(t)
			l.read = tt.read
			told := map[mic.Part]int{}
			c := l.NewChain(&Reference{}, func(p mic.Part, err error) {
				t.Logf("%s: %v", p, err)
				told[p]++
			})
			defer c.Close()
			c.budget.now = stands
			c.Set(mic.Voice{GainOff: true}, false)
			c.echo.prepare(l)
			l.wg.Wait()
			x := tone(sampleRate)
			out := desk{}.run(c, c.reader.ref, x, x)
			if len(told) != 2 || told[mic.PartEcho] != 1 || told[mic.PartNoise] != 1 {
				t.Errorf("told %v", told)
			}
			if got := ratioDB(x, out); got > 3 || got < -3 {
				t.Errorf("the voice is %.1f dB quieter", got)
			}
		})
	}
}

// TestChain_loops: a part that was right and then never ends.
func TestChain_loops(t *testing.T) {
	l := newLibrary(t)
	told := 0
	c := l.NewChain(&Reference{}, func(p mic.Part, err error) {
		t.Logf("%s: %v", p, err)
		if told++; p != mic.PartNoise {
			t.Errorf("told of %q", p)
		}
	})
	defer c.Close()
	c.budget.now = stands
	c.Set(mic.Voice{Echo: mic.EchoOff, GainOff: true}, false)
	l.wg.Wait()
	net := c.noise.value.(*rnnoise)
	m, err := instantiate(t.Context(), net.runtime, spin(), "spin")
	if err != nil {
		t.Fatal(err)
	}
	net.run = m.ExportedFunction("spin")
	x := tone(sampleRate)
	out := desk{}.run(c, c.reader.ref, nil, x)
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	if got := ratioDB(x, out); got > 3 || got < -3 {
		t.Errorf("the voice is %.1f dB quieter", got)
	}
}
