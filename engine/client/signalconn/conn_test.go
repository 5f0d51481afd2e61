package signalconn

import (
	"strings"
	"testing"
)

func TestEntryURL(t *testing.T) {
	for _, test := range []struct{ base, want string }{
		{"ws://h:1", "ws://h:1/rtc/v1?"},
		{"wss://h/prefix", "wss://h/prefix/rtc/v1?"},
		{"http://h", ""},
		{"ws://", ""},
		{"::", ""},
	} {
		got, err := entryURL(Config{URL: test.base, Token: "secret"}, Entry{})
		if (err != nil) != (test.want == "") || !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %s, %v", test.base, got, err)
		}
		if strings.Contains(got, "secret") {
			t.Error("the token is in the address")
		}
	}
}
