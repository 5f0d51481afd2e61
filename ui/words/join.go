package words

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Join puts sentences one after the other: with a blank between them, unless the
// first ends in a script that is written without.
func Join(sentences ...string) string {
	var b strings.Builder
	last := ""
	for _, s := range sentences {
		if s == "" {
			continue
		}
		if last != "" && !fullWidth(last) {
			b.WriteByte(' ')
		}
		b.WriteString(s)
		last = s
	}
	return b.String()
}

// fullWidth reports whether a text ends in Chinese or Japanese, punctuation
// included.
func fullWidth(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, "”’"))
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303f ||
		r >= 0xff00 && r <= 0xffef
}

// ended ends a clause with a full stop.
func ended(s string) string {
	switch {
	case s == "":
		return ""
	case fullWidth(s):
		return s + "。"
	default:
		return s + "."
	}
}

// announced leads over from what could not be done to why.
func announced(s string) string {
	if fullWidth(s) {
		return s + "："
	}
	return s + ": "
}
