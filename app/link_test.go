package app

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"foyer/engine/call"
	"foyer/ui/words"
)

// A link may come from where no other user can see it; what follows it on stdin
// is left for the commands.
func TestWhereALinkComesFrom(t *testing.T) {
	for name, c := range map[string]struct {
		args         []string
		stdin, env   string
		want, follow string
		err          error
	}{
		"the command line":                 {args: []string{goodLink}, env: "foyer://other", want: goodLink},
		"nowhere":                          {},
		"the environment":                  {env: goodLink, want: goodLink},
		"stdin":                            {args: []string{"-"}, stdin: goodLink + "\n{\"cmd\":\"leave\"}\n", env: "foyer://other", want: goodLink, follow: "{\"cmd\":\"leave\"}\n"},
		"stdin without a newline":          {args: []string{"-"}, stdin: " " + goodLink, want: goodLink},
		"stdin of Windows":                 {args: []string{"-"}, stdin: goodLink + "\r\nx", want: goodLink, follow: "x"},
		"stdin, asked for by the variable": {env: "-", stdin: goodLink + "\n", want: goodLink},
		"an empty stdin":                   {args: []string{"-"}, err: words.ErrNoLink},
		"an empty first line":              {args: []string{"-"}, stdin: "\n" + goodLink + "\n", err: words.ErrNoLink},
		"a line without an end":            {args: []string{"-"}, stdin: strings.Repeat("x", 1<<20), err: call.ErrLinkUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(linkVariable, c.env)
			cmd := newCommand(io3{in: strings.NewReader(c.stdin), out: io.Discard, err: io.Discard}, "join", "")
			got, err := cmd.takeLink(c.args)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v", got, err)
			}
			if _, there := os.LookupEnv(linkVariable); there {
				t.Error("programs that are started from here inherit the link")
			}
			if rest, _ := io.ReadAll(cmd.std.in); err == nil && string(rest) != c.follow {
				t.Errorf("left on stdin: %q", rest)
			}
		})
	}
}
