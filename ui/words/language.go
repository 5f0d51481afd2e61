package words

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"foyer/assets"
)

// Language is one that the window can speak.
type Language struct {
	Code string // as [Open] takes it
	Name string // what those who speak it call it
	// English is what it is called in English, for a computer that has no font for
	// Name.
	English string
}

// Languages lists the languages that there are, English first, then by code.
func Languages() []Language { return slices.Clone(languages()) }

var languages = sync.OnceValue(func() []Language {
	all := []Language{English().Language()}
	for _, code := range assets.Languages() {
		if code == english {
			continue
		}
		if b, err := Open(code); err == nil {
			all = append(all, b.Language())
		}
	}
	return all
})

// Language is the book's.
func (b *Book) Language() Language {
	return Language{Code: b.tag.String(), Name: b.T("language.name"), English: b.T("language.english")}
}

// NoFont says, in English, that nothing on this computer can draw the language of that
// code.
func NoFont(code string) string {
	return English().T("language.no_font", "language", Choose(code, nil).Language().English)
}

// Choose opens the catalogue of a code or, where the code is empty or nobody's, that
// of a system with these locales.
func Choose(code string, locales []string) *Book {
	for _, c := range []string{code, Match(locales...)} {
		if c == "" {
			continue
		}
		if b, err := Open(c); err == nil {
			return b
		}
	}
	return English()
}

// Match returns the code of the language that suits best those whom a system with
// these locales, the preferred one first, is set up for: English, if none does. It
// takes "de_CH.UTF-8" as well as "de-CH".
func Match(locales ...string) string {
	codes := assets.Languages()
	tags := []language.Tag{language.English} // what the matcher falls back to
	for _, code := range codes {
		tags = append(tags, language.Make(code))
	}
	matcher := language.NewMatcher(tags)
	for _, locale := range locales {
		name, _, _ := strings.Cut(locale, ".")
		tag, err := language.Parse(strings.ReplaceAll(name, "_", "-"))
		if err != nil {
			continue
		}
		if _, i, sure := matcher.Match(tag); sure != language.No {
			if i == 0 {
				return english
			}
			return codes[i-1]
		}
	}
	return english
}

// N returns the sentence for a count, in the form that the language has for it
// (CLDR's plural rules): key.one, key.other, in other languages more. It fills {n}.
func (b *Book) N(key string, n int, args ...string) string {
	form := pluralForm(b.tag, n)
	if !b.Has(key + "." + form) {
		form = "other"
	}
	return b.T(key+"."+form, append([]string{"n", b.Number(n)}, args...)...)
}

// pluralForm is CLDR's name of the form for a whole number.
func pluralForm(tag language.Tag, n int) string {
	switch plural.Cardinal.MatchPlural(tag, max(n, -n), 0, 0, 0, 0) {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	case plural.Two:
		return "two"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	default:
		return "other"
	}
}

// Number writes a whole number as the language does: 4,096.
func (b *Book) Number(n int) string {
	digits := strconv.Itoa(n)
	first := 0 // digit
	if n < 0 {
		first = 1
	}
	for i := len(digits) - 3; i > first; i -= 3 {
		digits = digits[:i] + b.T("number.group") + digits[i:]
	}
	return digits
}
