package model

import (
	"strings"
	"unicode"

	"github.com/go-text/typesetting/segmenter"
	"golang.org/x/text/unicode/norm"

	"foyer/engine/call"
)

// Initials are what a tile without video shows: the first character of the
// first and of the last word, as people see characters, or the emoji of a name
// that has no word.
func Initials(name string) string {
	name = call.CleanName(name)
	words := strings.FieldsFunc(name, func(r rune) bool { return !inWord(r) })
	words = withLetter(words)
	switch len(words) {
	case 0:
		for _, c := range characters(name) {
			if call.Visible(c) && strings.IndexFunc(c, unicode.IsSymbol) >= 0 {
				return c
			}
		}
		return "?"
	case 1:
		return initial(words[0])
	default:
		return initial(words[0]) + initial(words[len(words)-1])
	}
}

// inWord reports whether r is of a word: letters and digits with their marks, and
// the joiners between them.
func inWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd) || r == '\u200c' || r == '\u200d'
}

// withLetter leaves out what are words only because of marks: those of an emoji.
func withLetter(words []string) []string {
	var kept []string
	for _, w := range words {
		if strings.IndexFunc(w, func(r rune) bool { return unicode.In(r, unicode.L, unicode.Nd) }) == 0 {
			kept = append(kept, w)
		}
	}
	return kept
}

// initial is the first character of a word, in capitals.
func initial(word string) string {
	all := characters(word)
	first := all[0]
	for _, next := range all[1:] {
		if !conjoined(first, next) {
			break
		}
		first += next
	}
	runes := []rune(first)
	return string(unicode.ToTitle(runes[0])) + string(runes[1:])
}

// conjoined reports whether two clusters are one character: consonants of the
// scripts of India that a virama joins (UAX 29, GB9c).
func conjoined(a, b string) bool {
	const virama = 9 // canonical combining class
	last := []rune(a)
	next := []rune(b)[0]
	scripts := []*unicode.RangeTable{
		unicode.Devanagari, unicode.Bengali, unicode.Gujarati, unicode.Oriya, unicode.Telugu, unicode.Malayalam,
	}
	return norm.NFC.PropertiesString(string(last[len(last)-1])).CCC() == virama &&
		unicode.IsLetter(next) && unicode.In(next, scripts...)
}

// characters are what people take for the characters of a text (UAX 29).
func characters(text string) []string {
	var s segmenter.Segmenter
	s.Init([]rune(text))
	var all []string
	for i := s.GraphemeIterator(); i.Next(); {
		all = append(all, string(i.Grapheme().Text))
	}
	return all
}
