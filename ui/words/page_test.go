package words

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"foyer/engine/call"
)

// literalOf matches the texts in the modules of the page, and the keys in its markup.
var literalOf = regexp.MustCompile(`'([^'\n]*)'|data-[a-z]+="([^"]*)"`)

// pageLiterals are all texts in the page's own files.
func pageLiterals(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../../engine/host/page/files/*")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, ".umd.js") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literalOf.FindAllStringSubmatch(string(text), -1) {
			all[m[1]+m[2]] = true
		}
	}
	if len(all) < 100 {
		t.Fatalf("only %d texts in the page", len(all))
	}
	return all
}

// TestPageHasItsTexts: the page is given every sentence that it says, in every language,
// and what it says of each reason is what the window says.
func TestPageHasItsTexts(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		b := open(t, l.Code)
		var p pageBook
		if err := json.Unmarshal(b.Page(), &p); err != nil {
			t.Fatal(err)
		}
		for literal := range pageLiterals(t) {
			key := slices.ContainsFunc(pageTexts, func(start string) bool {
				return strings.HasSuffix(start, ".") && strings.HasPrefix(literal, start) && literal != start
			})
			if key && p.Texts[literal] == "" && p.Texts[literal+".other"] == "" {
				t.Errorf("%s: the page says %q, which it does not have", l.Code, literal)
			}
		}
		for _, r := range call.Reasons() {
			want := b.Left(call.Left{Reason: r, People: 2}, now())
			if got := p.Texts[p.Left[r.String()].Key]; got != want.Title && r != call.ReasonBanned {
				t.Errorf("%s: the page says %q of %s, the window %q", l.Code, got, r, want.Title)
			}
		}
		for code, key := range p.Refusals {
			if p.Texts["error."+key] == "" || p.Texts["error."+key+".next"] == "" {
				t.Errorf("%s: the page has no sentence for %s", l.Code, code)
			}
		}
		if len(p.Refusals) < 20 || p.Removals["dismissed"] != "put_out_dismissed" || p.Disconnect[4] != "removed" {
			t.Errorf("%s: %d refusals, %v, %v", l.Code, len(p.Refusals), p.Removals, p.Disconnect)
		}
		if n := len(b.Page()); n > 64<<10 {
			t.Errorf("%s: %d bytes", l.Code, n)
		}
	}
}
