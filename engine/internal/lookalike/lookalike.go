// Package lookalike tells names apart that look the same.
package lookalike

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"foyer/engine/call"
)

// lookalikes are the letters of Greek and Cyrillic that look like Latin ones, in
// capitals or small. Where only one of the two does, the pair follows it: then
// "ВЕРА" and "вера" stay one name, and look like "bepa" as well.
var lookalikes = map[rune]rune{
	'а': 'a', 'в': 'b', 'е': 'e', 'к': 'k', 'м': 'm', 'н': 'h', 'о': 'o', 'р': 'p', 'с': 'c', 'т': 't', 'у': 'y', 'х': 'x',
	'і': 'i', 'ј': 'j', 'ѕ': 's', 'һ': 'h', 'ԛ': 'q', 'ԝ': 'w', 'ӏ': 'l', 'ү': 'y',
	'α': 'a', 'β': 'b', 'ε': 'e', 'ζ': 'z', 'η': 'h', 'ι': 'i', 'κ': 'k',
	'μ': 'm', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'τ': 't', 'υ': 'u', 'χ': 'x',
	'ı': 'i', 'ɑ': 'a', 'ɡ': 'g', 'ς': 'σ',
}

// Skeleton is equal for names that look alike: of any case, width, blanks and
// invisible characters, with the Latin, Greek and Cyrillic letters that share a
// form, with an l, an o that are written with I or 1, or 0 inside a word. It is
// no name: nobody sees it.
func Skeleton(name string) string {
	name = strings.Map(func(r rune) rune {
		if call.Ignorable(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(call.CleanName(name)))
	name = norm.NFKC.String(strings.Join(strings.Fields(name), " "))
	before := ' '
	return strings.Map(func(r rune) rune {
		was := before
		before = r
		switch {
		case r == 'I' && unicode.IsLower(was), r == '1' && unicode.IsLetter(was), r == '|':
			r = 'l'
		case r == '0' && unicode.IsLetter(was):
			r = 'o'
		}
		r = unicode.ToLower(unicode.ToUpper(r))
		if plain, ok := lookalikes[r]; ok {
			return plain
		}
		return r
	}, name)
}

// maxLookAlikes limits the counting of people of one name.
const maxLookAlikes = 20_000

// TellApart is the name by which somebody is told from all others: name, or name
// with a number in brackets if somebody has one that looks the same. taken reports
// whether somebody has a name of that [Skeleton].
func TellApart(name string, taken func(skeleton string) bool) string {
	if !taken(Skeleton(name)) {
		return name
	}
	base, _ := cutMark(name)
	skeleton := Skeleton(base)
	for n := 2; n < maxLookAlikes; n++ {
		if !taken(skeleton + mark(n)) {
			return marked(base, n)
		}
	}
	return name
}

// KeepsMark reports whether told is what [TellApart] may have made of name.
func KeepsMark(told, name string) bool {
	_, n := cutMark(told)
	return n > 1 && told == marked(name, n)
}

// marked is a name with its number. After a name that is written from right to
// left a mark keeps the number on its side.
func marked(base string, n int) string {
	mark := mark(n)
	if call.RightToLeft(base) {
		mark = lrm + mark
	}
	return clipName(base, call.MaxName-len(mark)) + mark
}

const lrm = "\u200e"

func mark(n int) string { return fmt.Sprintf(" (%d)", n) }

// Key is equal for names that [TellApart] may have to tell apart: the
// skeleton without a mark.
func Key(name string) string {
	base, _ := cutMark(name)
	return Skeleton(base)
}

// cutMark takes the mark off a name; n is 0 if it has none.
func cutMark(name string) (base string, n int) {
	body, ok := strings.CutSuffix(name, ")")
	at := strings.LastIndex(body, " (")
	if !ok || at <= 0 {
		return name, 0
	}
	n, err := strconv.Atoi(body[at+2:])
	if err != nil || n < 2 || mark(n) != name[at:] {
		return name, 0
	}
	return strings.TrimSuffix(name[:at], lrm), n
}

// clipName cuts a name to limit bytes, at a character's border.
func clipName(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	for limit > 0 && name[limit]&0xc0 == 0x80 {
		limit--
	}
	return call.CleanName(name[:limit])
}
