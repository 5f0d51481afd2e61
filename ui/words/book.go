// Package words is the one place where errors, leave reasons and states become
// sentences with a next step. It knows no toolkit: the window and the headless
// program read from the same [Book].
//
// Sentences live in assets/translations, one JSON file per language; code holds
// only their keys (docs/translating.md). A Book is immutable and safe for any
// goroutine.
package words

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"foyer/assets"
	"foyer/engine/call"
)

// The language of the catalogue that the code is written by.
const english = "en"

// Book is the catalogue of one language.
type Book struct {
	tag   language.Tag
	texts map[string]string
}

// Open reads the catalogue of a language, by its code. What it lacks is said in
// English.
func Open(code string) (*Book, error) {
	texts, err := load(english)
	if err != nil {
		return nil, err
	}
	if code != english {
		more, err := load(code)
		if err != nil {
			return nil, err
		}
		for key, text := range more {
			texts[key] = text
		}
	}
	return &Book{tag: language.Make(code), texts: texts}, nil
}

// English is the catalogue that is built in.
func English() *Book { return builtIn() }

var builtIn = sync.OnceValue(func() *Book {
	b, err := Open(english)
	if err != nil {
		panic(err) // embedded: a broken build
	}
	return b
})

func load(code string) (map[string]string, error) {
	raw, err := assets.Translation(code)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, fmt.Errorf("translation %q: %w", code, err)
	}
	return texts, nil
}

// T returns a sentence. args are pairs of a placeholder's name and its value:
// T("room.joined", "name", "Ada") fills {name}. A missing key is shown as it
// is, so that it is noticed.
func (b *Book) T(key string, args ...string) string {
	text, ok := b.texts[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+args[i]+"}", isolated(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// isolated keeps a value that is written from right to left from turning the
// sentence around it (UAX 9: first strong isolate).
func isolated(value string) string {
	if !call.RightToLeft(value) {
		return value
	}
	return "\u2068" + value + "\u2069"
}

// Has reports whether the catalogue has a sentence of its own for key.
func (b *Book) Has(key string) bool {
	_, ok := b.texts[key]
	return ok
}

// Duration returns how long something took, coarsely: "45 s", "12 min", "1 h 5 min".
func (b *Book) Duration(d time.Duration) string {
	hours, minutes := int(d.Hours()), int(d.Minutes())%60
	switch {
	case d < time.Minute:
		return b.N("duration.seconds", int(d.Seconds()))
	case hours == 0:
		return b.N("duration.minutes", minutes)
	case minutes == 0:
		return b.N("duration.hours", hours)
	default:
		return b.T("duration.both", "hours", b.N("duration.hours", hours), "minutes", b.N("duration.minutes", minutes))
	}
}

// Milliseconds returns how long a release took. Below one it does not pretend to
// know.
func Milliseconds(d time.Duration) string {
	if d < time.Millisecond {
		return "<1 ms"
	}
	return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
}

// Clock returns how long a stay has lasted: "12:04", "1:02:03".
func Clock(d time.Duration) string {
	s := int(max(d, 0).Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// Until returns when something ends, with the day unless it is today's.
func (b *Book) Until(t, now time.Time) string {
	t = t.In(now.Location())
	if sameDay(t, now) {
		return t.Format("15:04")
	}
	return b.T("until.day", "day", b.date(t), "time", t.Format("15:04"))
}

// date returns a day as the language writes it; m and d have no leading zero, mm
// and dd do.
func (b *Book) date(t time.Time) string {
	return b.T("date", "year", t.Format("2006"), "mm", t.Format("01"), "dd", t.Format("02"), "m", t.Format("1"),
		"d", t.Format("2"))
}

// Day returns the day of something: today, yesterday, a weekday, a date.
func (b *Book) Day(t, now time.Time) string {
	t = t.In(now.Location())
	switch {
	case sameDay(t, now):
		return b.T("recent.today")
	case sameDay(t, now.AddDate(0, 0, -1)):
		return b.T("recent.yesterday")
	case t.Before(now) && now.Sub(t) < 6*24*time.Hour:
		return b.T("weekday." + strconv.Itoa(int(t.Weekday())))
	default:
		return b.date(t)
	}
}

// When returns day and time of something, of old things only the day.
func (b *Book) When(t, now time.Time) string {
	t = t.In(now.Location())
	day := b.Day(t, now)
	if day == t.Format("2006-01-02") {
		return day
	}
	return b.T("recent.when", "day", day, "time", t.Format("15:04"))
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// People counts people.
func (b *Book) People(n int) string { return b.N("farewell.people", n) }

// Device names a device at the beginning of a sentence: The camera “HD”.
func (b *Book) Device(s call.Source, name string) string {
	device := b.fallback("device.the.", s.String())
	if name == "" {
		return device
	}
	return b.T("device.named", "device", device, "name", name)
}

// kind is the word for a device within a sentence, and another asks for a
// different one: languages decline it.
func (b *Book) kind(s call.Source) string { return b.fallback("device.", s.String()) }

func (b *Book) another(s call.Source) string {
	return b.fallback("device.another.", s.String())
}

// Source names only the device: Camera.
func (b *Book) Source(s call.Source) string {
	return b.fallback("device.capital.", s.String())
}

func (b *Book) fallback(prefix, name string) string {
	if b.Has(prefix + name) {
		return b.T(prefix + name)
	}
	return b.T(prefix + "unknown")
}
