package relaywire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

func twoBoxes(t testing.TB) (seals, opens *Box) {
	t.Helper()
	var err error
	raw := make([]byte, keySize+saltSize)
	if seals, err = newBox(raw, 7); err == nil {
		opens, err = newBox(raw, 7)
	}
	if err != nil {
		t.Fatal(err)
	}
	return seals, opens
}

// TestBox: what was sealed is opened, and nothing else, wherever a bit is turned.
func TestBox(t *testing.T) {
	seals, opens := twoBoxes(t)
	buffer := make([]byte, Room+5+End)
	copy(buffer[Room:], "media")
	sealed := bytes.Clone(seals.Seal(buffer, 3, 5))
	if len(sealed) != Room+5+End || SessionOf(sealed) != 7 || bytes.Contains(sealed, []byte("media")) {
		t.Fatalf("%x", sealed)
	}
	if count, flow, payload, err := opens.Open(bytes.Clone(sealed)); count != 1 || flow != 3 || string(payload) != "media" || err != nil {
		t.Errorf("%d %d %q %v", count, flow, payload, err)
	}
	for i := range sealed {
		turned := bytes.Clone(sealed)
		turned[i] ^= 1
		if _, _, _, err := opens.Open(turned); !errors.Is(err, ErrDatagram) {
			t.Errorf("byte %d may be turned", i)
		}
		if _, _, _, err := opens.Open(bytes.Clone(sealed[:i])); err == nil {
			t.Errorf("it may be cut at %d", i)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte{})
	f.Add(binary.BigEndian.AppendUint64(nil, 7))
	f.Add(make([]byte, Room+End))
	_, opens := twoBoxes(f)
	f.Fuzz(func(t *testing.T, datagram []byte) {
		if _, _, _, err := opens.Open(datagram); err == nil {
			t.Error("it was sealed by nobody")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	seals, opens := twoBoxes(b)
	buffer := make([]byte, Room+1200+End)
	b.SetBytes(1200)
	for b.Loop() {
		if _, _, _, err := opens.Open(seals.Seal(buffer, 1, 1200)); err != nil {
			b.Fatal(err)
		}
	}
}
