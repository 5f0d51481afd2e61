package relaywire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func exampleLink() Link {
	return Link{Host: "relay.example.org:7844", Key: "AAAAAAAAAAAAAAAAAAAAAA", Fingerprint: sha256.Sum256([]byte("x"))}
}

func TestLink(t *testing.T) {
	good := exampleLink().String()
	if l, err := ParseLink(" " + good + "\n"); err != nil || l != exampleLink() {
		t.Errorf("%+v, %v", l, err)
	}
	for _, text := range []string{
		"", good[:len(good)-1], good + "A", strings.Replace(good, "v=1", "v=2", 1), strings.Replace(good, ":7844", "", 1),
		strings.Replace(good, ":7844", ":0", 1), strings.Replace(good, "relay.example.org", "", 1),
		strings.Replace(good, "k=A", "k=", 1), strings.Replace(good, "foyer-relay:", "foyer:", 1),
		strings.Replace(good, "//", "//user@", 1), good + "&x=" + strings.Repeat("y", 2000),
	} {
		if _, err := ParseLink(text); !errors.Is(err, ErrLink) || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLines(t *testing.T) {
	var b bytes.Buffer
	if err := WriteLine(&b, Hello{Key: "k", ID: "i", Port: 7}); err != nil {
		t.Fatal(err)
	}
	b.WriteString("rest")
	var h Hello
	if err := ReadLine(&b, &h); err != nil || h != (Hello{Key: "k", ID: "i", Port: 7}) || b.String() != "rest" {
		t.Errorf("%+v, %v, %q is left", h, err, b.String())
	}
	for _, text := range []string{"", "{", strings.Repeat(" ", 1<<20), "nonsense\n", "{\"port\":\"x\"}\n"} {
		if err := ReadLine(strings.NewReader(text), &h); err == nil {
			t.Errorf("%.20q is read", text)
		}
	}
}

func TestGuest(t *testing.T) {
	for _, text := range []string{"203.0.113.2:4000", "[2001:db8::1]:65535"} {
		var b bytes.Buffer
		want := netip.MustParseAddrPort(text)
		if err := WriteGuest(&b, want); err != nil {
			t.Fatal(err)
		}
		b.WriteByte(0x16)
		if got, err := ReadGuest(&b); err != nil || got != want || b.Len() != 1 {
			t.Errorf("%v, %v", got, err)
		}
	}
	for _, raw := range []string{"", "\x00", "\xff" + strings.Repeat("1", 255), "\x40short", "\x05a:b:c"} {
		if got, err := ReadGuest(strings.NewReader(raw)); err == nil {
			t.Errorf("%q is %v", raw, got)
		}
	}
}

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
