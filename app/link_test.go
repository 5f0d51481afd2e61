package app

import (
	"bytes"
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
			cmd := newCommand(io3{strings.NewReader(c.stdin), io.Discard, io.Discard}, "join", "")
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

func TestJoinRefusesWhatIsNoLinkOnStdin(t *testing.T) {
	for stdin, want := range map[string]error{"": words.ErrNoLink, "hello\n": call.ErrLinkUnreadable} {
		var out, errs bytes.Buffer
		status := Main([]string{"join", "-", "--name", "Ada"}, strings.NewReader(stdin), &out, &errs)
		if status != exitUsage || !strings.Contains(errs.String(), words.Error(want).String()) || !strings.Contains(out.String(), "command_failed") {
			t.Errorf("%q: status %d, %s%s", stdin, status, out.String(), errs.String())
		}
	}
}

func TestHelpSaysWhyALinkShouldNotBeAnArgument(t *testing.T) {
	for _, args := range [][]string{{"join", "--help"}, {"--help"}, {"help"}} {
		status, out, errs := run(args...)
		if status != exitOK || !strings.Contains(out+errs, linkVariable) || !strings.Contains(strings.ToLower(out+errs), "other users") {
			t.Errorf("%v: %s%s", args, out, errs)
		}
	}
}
