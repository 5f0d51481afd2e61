package call

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLabel(t *testing.T) {
	for in, want := range map[string]string{
		"Ada":                         "Ada",
		"  Ada\t\n":                   "Ada",
		"A\x00d\x1b[31ma\x7f\u0085":   "Ad[31ma",
		"Ada\u202Etxt.exe":            "Adatxt.exe",
		"\u2066Ada\u2069\u202A\u202C": "Ada",
		"Ada\u2028Host: all\u2029":    "Ada Host: all",
		"עדה\u200F (1)":               "עדה\u200F (1)",
		"👩\u200D💻":                    "👩\u200D💻",
		"broken \xff\xfe":             "broken",
		strings.Repeat("é", MaxName):  strings.Repeat("é", MaxName/2),
	} {
		if got := Label(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzLabel(f *testing.F) {
	f.Add("Ada\u202E\n\xff")
	f.Fuzz(func(t *testing.T, in string) {
		got := Label(in)
		if len(got) > MaxName || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) ||
			strings.ContainsAny(got, "\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069\u2028\u2029") {
			t.Errorf("%q: %q", in, got)
		}
		if again := Label(got); again != strings.TrimSpace(got) {
			t.Errorf("%q: %q, then %q", in, got, again)
		}
	})
}
