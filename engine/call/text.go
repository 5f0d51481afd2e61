package call

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// maxMarks is how many combining marks may stand on one character: more than any
// script writes, and few enough that they do not cover the lines around.
const maxMarks = 6

const (
	zwnj, zwj = '\u200c', '\u200d'
	blackFlag = '\U0001F3F4' // begins the flags that tags spell
)

// CleanName is a name as it is shown, in one line: composed (NFC), without what
// cannot be seen or turns the text around it, blanks only between words, and a
// bounded number of marks on each character. It is empty if nothing can be seen.
func CleanName(s string) string {
	s = strings.Join(strings.FieldsFunc(cleanRunes(s, ' '), isBlank), " ")
	s = strings.TrimRightFunc(s, func(r rune) bool { return isBlank(r) || isDirectionMark(r) })
	if !Visible(s) {
		return ""
	}
	return s
}

// CleanText is [CleanName] for a text of several lines, whose blanks stay.
func CleanText(s string) string {
	return cleanRunes(strings.ReplaceAll(s, "\r\n", "\n"), 0)
}

// cleanRunes does what both have in common. Blanks that are no space, and with
// blank not 0 line breaks and tabs too, become that.
func cleanRunes(s string, blank rune) string {
	s = norm.NFC.String(strings.ToValidUTF8(s, ""))
	var b strings.Builder
	b.Grow(len(s))
	before, marks := rune(0), 0 // what was kept last, and marks since the last character
	for i, r := range s {
		after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		switch {
		case r == '\n', r == '\t', r == '\u2028', r == '\u2029':
			if blank != 0 {
				r = blank
			} else if r > unicode.MaxLatin1 {
				r = '\n'
			}
		case joins(before, r, after), inTag(before, r):
		case unicode.IsControl(r), Ignorable(r), isNoncharacter(r):
			continue
		case isBlank(r):
			if blank != 0 {
				r = blank
			}
		}
		if unicode.Is(unicode.M, r) && !Ignorable(r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else if !Ignorable(r) {
			marks = 0
		}
		b.WriteRune(r)
		before = r
	}
	return norm.NFC.String(b.String())
}

// joins reports whether an ignorable character has a meaning where it stands: the
// direction of a word, a joiner between letters or symbols of scripts that need
// them, a selector of an emoji's form.
func joins(before, r, after rune) bool {
	switch {
	case isDirectionMark(r): // the next letter's side, not the line's
		return before != 0 && !isDirectionMark(before)
	case r == zwj || r == zwnj:
		return needsJoiner(before) && needsJoiner(after) && !unicode.Is(unicode.M, after)
	case r == '\ufe0e' || r == '\ufe0f':
		return unicode.In(before, unicode.So, unicode.Sm, unicode.Po) && !isBlank(before) ||
			before >= '0' && before <= '9' || before == '\u2139'
	}
	return false
}

func needsJoiner(r rune) bool {
	return r > unicode.MaxLatin1 && !isBlank(r) &&
		(unicode.In(r, unicode.So, unicode.Sk, unicode.M, unicode.Sm) ||
			unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) && !Ignorable(r))
}

// inTag reports whether r spells a flag, such as that of Scotland.
func inTag(before, r rune) bool {
	const first, last = '\U000E0020', '\U000E007F'
	return r >= first && r <= last && (before == blackFlag || before >= first && before <= last)
}

// Ignorable reports whether nothing is to be seen of r where it is not known: the
// default-ignorable characters of Unicode and the other format characters.
func Ignorable(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// isBlank reports whether r is white, also without being a space: the empty
// pattern of Braille and the musical null.
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || r == '\u2800' || r == '\U0001D159'
}

// isDirectionMark reports whether r is LRM, RLM or ALM, which say which way a word
// goes, and turn nothing that follows (UAX 9).
func isDirectionMark(r rune) bool { return r == '\u200e' || r == '\u200f' || r == '\u061c' }

// CodePoint names a character that cannot be shown: U+200B.
func CodePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }

func isNoncharacter(r rune) bool { return r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef }

// Visible reports whether anything is to be seen of a text: marks without a letter have
// nothing to stand on.
func Visible(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S, unicode.Co) && !isBlank(r) && !Ignorable(r) ||
			r == utf8.RuneError
	}) >= 0
}

// invisibleAt is the first character of an ID that is not seen, or not seen for
// what it is: ignorable characters, blanks at the ends, a mark on nothing, and
// what another writing of the same text (NFC) would have instead. at is -1 for none.
func invisibleAt(s string) (r rune, at int) {
	end := len(strings.TrimRightFunc(s, isBlank))
	for i, r := range s {
		if Ignorable(r) || isBlank(r) && (r != ' ' || i == 0 || i >= end) || i == 0 && unicode.Is(unicode.M, r) {
			return r, i
		}
	}
	if n := norm.NFC.QuickSpanString(s); n < len(s) && !norm.NFC.IsNormalString(s) {
		composed := norm.NFC.String(s)
		for i, r := range s {
			if c, _ := utf8.DecodeRuneInString(composed[min(i, len(composed)):]); c != r {
				return r, i
			}
		}
	}
	return 0, -1
}

// ShownID is an ID as it is shown where there is no name: itself, or with code
// points in place of what is not seen. Old ones may have anything.
func ShownID(id Identity) string {
	var b strings.Builder
	for i, r := range string(id) {
		if Ignorable(r) || unicode.IsControl(r) || isBlank(r) && r != ' ' || i == 0 && unicode.Is(unicode.M, r) {
			b.WriteString(CodePoint(r))
		} else {
			b.WriteRune(r)
		}
	}
	if s := strings.TrimSpace(b.String()); Visible(s) {
		return norm.NFC.String(s)
	}
	return CodePoint(' ')
}

// RightToLeft reports whether some of a text is written from right to left.
func RightToLeft(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		if r <= unicode.MaxLatin1 {
			return false
		}
		p, _ := bidi.LookupRune(r)
		return p.Class() == bidi.R && r != '\u200f' || p.Class() == bidi.AL && r != '\u061c'
	}) >= 0
}
