package relaywire

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
)

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
