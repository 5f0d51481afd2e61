package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// styleFaults are clauses that make a reader start again (CONTRIBUTING.md, Style).
var styleFaults = []*regexp.Regexp{
	regexp.MustCompile(`(?:^|[.:] |[-*] )(?:Who|Whom|Whoever) [a-z]+`),
	regexp.MustCompile(`[:;] (?:whom|whoever) [a-z]+`),
	regexp.MustCompile(`\b(?:of|for|to|by|from) who\b`),
	regexp.MustCompile(`\b(?:of|about|for|by|with) whom\b`),
}

// styleLeft counts the faults that files still have. It may only shrink: lower a number
// when you have corrected one, and add no file.
var styleLeft = map[string]int{
	"app/update/update.go":                1,
	"bench/internal/lines/lines.go":       1,
	"bench/internal/report/beside.go":     1,
	"bench/internal/window/stay.go":       1,
	"engine/host/limits/limits.go":        2,
	"engine/host/limits/limits_test.go":   1,
	"engine/host/limits/listener.go":      2,
	"engine/host/limits/listener_test.go": 2,
	"engine/host/relayed/relayed_test.go": 1,
	"engine/host/sfu/watch.go":            3,
	"engine/host/stream/conn.go":          2,
	"engine/host/stream/conn_test.go":     1,
	"engine/host/tracks/enforce.go":       1,
	"engine/host/tracks/tracks_test.go":   1,
	"engine/relay/splice.go":              1,
	"engine/roomserver/process.go":        1,
	"internal/attack/arena_test.go":       1,
	"internal/attack/ear.go":              1,
	"internal/attack/ice.go":              1,
	"internal/attack/join_test.go":        1,
	"internal/attack/large_test.go":       1,
	"internal/attack/mediaport_test.go":   1,
	"internal/attack/outside_test.go":     1,
	"internal/attack/relayarena_test.go":  1,
	"internal/attack/waiting_test.go":     2,
}

// quoted is what a text quotes.
var quoted = regexp.MustCompile(`"[^"\n]*"`)

// TestStyle reports comments and documents in which a relative clause is the subject, or
// that have an "of whom".
func TestStyle(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	found := map[string][]string{}
	look := func(name string, line int, text string) {
		name, err := filepath.Rel(root, name)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.ToSlash(name)
		for _, fault := range styleFaultsIn(text) {
			found[name] = append(found[name], fmt.Sprintf("%s:%d: %q", name, line, fault))
		}
	}
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(out)) {
		name = filepath.Join(root, name)
		text, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for line, paragraph := range paragraphs(name, string(text)) {
			look(name, line, paragraph)
		}
	}
	eachGoFile(t, func(name string) error {
		return eachComment(name, func(line int, text string) { look(name, line, text) })
	})
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if len(found[name]) > styleLeft[name] {
			t.Errorf("make the person or the thing the subject (CONTRIBUTING.md, Style):\n%s", strings.Join(found[name], "\n"))
		}
	}
	for name, left := range styleLeft {
		if n := len(found[name]); n < left {
			t.Errorf("%s has %d faults: write that into styleLeft in place of %d, or take the line out at 0", name, n, left)
		}
	}
}

// TestStyleFaultsAreFound shows that TestStyle is not blind.
func TestStyleFaultsAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"Whoever waits\nis told.":                              1,
		"Guests wait. Who gives up\nis forgotten":              1,
		"It is for\nwho listens, and of whom we know nothing.": 2,
		"A list: whoever comes is in it.":                      1,
		"- Who comes back waits.":                              1,
		"Who may enter? See the rules.":                        0,
		"People who wait are told, and who let them in.":       0,
		`We write no "of whom".`:                               0,
		"It reports who spoke: the speaker is large.":          0,
	} {
		if got := styleFaultsIn(text); len(got) != want {
			t.Errorf("%q: found %q, want %d", text, got, want)
		}
	}
}

// styleFaultsIn lists the faults of a text, without questions and what it quotes.
func styleFaultsIn(text string) (faults []string) {
	if !strings.Contains(text, "who") && !strings.Contains(text, "Who") {
		return nil // most have none, and that is faster
	}
	text = strings.Join(strings.Fields(quoted.ReplaceAllString(text, "_")), " ")
	for _, form := range styleFaults {
		for _, at := range form.FindAllStringIndex(text, -1) {
			end := strings.IndexAny(text[at[1]:], ".?!")
			if end < 0 || text[at[1]+end] != '?' {
				faults = append(faults, text[at[0]:at[1]])
			}
		}
	}
	return faults
}

// eachComment visits the paragraphs of a Go file's comments.
func eachComment(name string, visit func(line int, text string)) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil || ast.IsGenerated(file) {
		return err
	}
	for _, group := range file.Comments {
		for paragraph := range strings.SplitSeq(group.Text(), "\n\n") {
			visit(set.Position(group.Pos()).Line, paragraph)
		}
	}
	return nil
}
