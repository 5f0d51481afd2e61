package manual

import (
	"flag"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFlagsSayWhatTheHelpSays(t *testing.T) {
	set := flag.NewFlagSet("x", flag.ContinueOnError)
	set.String("listen", ":7843", "address of the `door`")
	set.String("data", "", "folder")
	set.Bool("json", false, "print JSON")
	set.Int("seconds", 3, "how long")
	set.Duration("for", 0, "how long it holds")
	set.Duration("ttl", time.Minute, "how long it stays")
	want := []Flag{
		{Name: "data", Usage: "folder", Value: "string"},
		{Name: "for", Usage: "how long it holds", Value: "duration"},
		{Name: "json", Usage: "print JSON"},
		{Name: "listen", Usage: "address of the door", Value: "door", Default: ":7843"},
		{Name: "seconds", Usage: "how long", Value: "int", Default: "3"},
		{Name: "ttl", Usage: "how long it stays", Value: "duration", Default: "1m0s"},
	}
	if got := Flags(set); !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// What is text stays text, whatever roff makes of it.
func TestManEscapes(t *testing.T) {
	p := Program{Pages: []Page{
		{Notes: ".TH\n'quoted\na\\b"},
		{Name: "serve", About: "run it", Synopsis: "serve --data DIR\n\nBelow.", Flags: []Flag{{Name: "data", Value: "string", Usage: ".x -y"}}},
	}}
	pages := p.Man()
	for page, wanted := range map[string][]string{
		"foyer.1":       {"\n\\&.TH\n", "\n\\&'quoted\n", "\na\\eb\n"},
		"foyer-serve.1": {"\nfoyer serve \\-\\-data DIR\n", ".SH DESCRIPTION\n.nf\nBelow.\n", "\n\\&.x \\-y\n", "foyer(1)"},
	} {
		for _, want := range wanted {
			if !strings.Contains(pages[page], want) {
				t.Errorf("%s has no %q:\n%s", page, want, pages[page])
			}
		}
	}
}

// Parts of a command are no commands.
func TestParts(t *testing.T) {
	p := Program{Pages: []Page{{}, {Name: "admin"}, {Name: "admin ban"}, {Name: "serve"}}}
	if got := names(p.commands()); !slices.Equal(got, []string{"admin", "serve"}) {
		t.Errorf("commands are %v", got)
	}
	if got := names(p.parts("admin")); !slices.Equal(got, []string{"admin ban"}) {
		t.Errorf("parts are %v", got)
	}
	if got := p.wordsOf(Page{Name: "admin"}); !slices.Equal(got, []string{"ban"}) {
		t.Errorf("words are %v", got)
	}
}
