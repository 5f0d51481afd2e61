package lines

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// cells is a measure as in a terminal: two for the wide characters.
func cells(s string) float32 {
	w := float32(0)
	for _, r := range s {
		w++
		if wide(r) {
			w++
		}
	}
	return w
}

func broken(text string, width float32) string {
	var all []string
	for _, l := range Break(text, width, cells) {
		all = append(all, text[l.Start:l.End])
	}
	return strings.Join(all, "|")
}

func TestBreak(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width float32
		want  string
	}{
		{"", 10, ""},
		{"one two three", 8, "one two|three"},
		{"one, two", 4, "one,|two"},
		// Chinese: anywhere between two characters, but not before closing
		// punctuation and not after opening punctuation.
		{"主持人已将你静音", 8, "主持人已|将你静音"},
		{"主持人已，将你", 8, "主持人|已，将你"},
		{"你在（这里）", 6, "你在|（这|里）"},
		{"离开“周会”吗", 8, "离开“周|会”吗"},
		{"你好。再见", 4, "你|好。|再见"},
		{"用 Foyer 打开", 8, "用 Foyer|打开"},
		{"Foyer打开", 7, "Foyer打|开"},
		{"共3页……好", 7, "共3页……|好"},
		{"カード", 4, "カー|ド"},
		{"か\u3099き", 2, "か\u3099|き"},
		// Addresses.
		{"https://example.org/a/b", 16, "https://|example.org/a/b"},
		// A word that is wider than a line.
		{"abcdef", 4, "abcd|ef"},
		{"a\n\nb", 9, "a||b"},
	} {
		if got := broken(tt.text, tt.width); got != tt.want {
			t.Errorf("%q in %v: %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}

func FuzzBreak(f *testing.F) {
	f.Add("one two 主持人已，将你", 8)
	f.Add("”“（）\u0301 \n\xff", 1)
	f.Add("", -3)
	f.Fuzz(func(t *testing.T, text string, width int) {
		end := 0
		for _, l := range Break(text, float32(width%40), cells) {
			if l.Start < end || l.End < l.Start || l.End > len(text) {
				t.Fatalf("%q: %v after %d", text, l, end)
			}
			if left := text[end:l.Start]; strings.Trim(left, " \n") != "" {
				t.Fatalf("%q is left out of %q", left, text)
			}
			part := text[l.Start:l.End]
			if utf8.ValidString(text) && !utf8.ValidString(part) {
				t.Fatalf("%q is cut inside of a character: %q", text, part)
			}
			end = l.End
		}
	})
}
