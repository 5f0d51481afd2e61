// Package words is the one place where errors, leave reasons and states become
// sentences with a next step. It knows no toolkit: the window and the headless
// program read from the same [Book].
//
// Sentences live in assets/translations, one JSON file per language; code holds
// only their keys. A Book is immutable and safe for any goroutine.
package words

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"foyer/assets"
	"foyer/engine/call"
)

// Language of the catalogue that is always complete.
const english = "en"

// Book is the catalogue of one language.
type Book struct{ texts map[string]string }

// Open reads a language's catalogue. What it lacks is said in English.
func Open(language string) (*Book, error) {
	texts, err := load(english)
	if err != nil {
		return nil, err
	}
	if language != english {
		more, err := load(language)
		if err != nil {
			return nil, err
		}
		for key, text := range more {
			texts[key] = text
		}
	}
	return &Book{texts: texts}, nil
}

// English is the catalogue that is built in.
func English() *Book {
	b, err := Open(english)
	if err != nil {
		panic(err) // embedded: a broken build
	}
	return b
}

func load(language string) (map[string]string, error) {
	raw, err := assets.Translation(language)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, fmt.Errorf("translation %q: %w", language, err)
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
	switch {
	case d < time.Minute:
		return b.T("duration.seconds", "s", strconv.Itoa(int(d.Seconds())))
	case d < time.Hour:
		return b.T("duration.minutes", "m", strconv.Itoa(int(d.Minutes())))
	case int(d.Minutes())%60 == 0:
		return b.T("duration.hours_only", "h", strconv.Itoa(int(d.Hours())))
	default:
		return b.T("duration.hours", "h", strconv.Itoa(int(d.Hours())), "m", strconv.Itoa(int(d.Minutes())%60))
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
	return b.T("until.day", "day", t.Format("2006-01-02"), "time", t.Format("15:04"))
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
		return t.Format("2006-01-02")
	}
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// People counts people.
func (b *Book) People(n int) string {
	if n == 1 {
		return b.T("farewell.people.one")
	}
	return b.T("farewell.people.other", "n", strconv.Itoa(n))
}

// Device names a device at the beginning of a sentence: The camera “HD”.
func (b *Book) Device(s call.Source, name string) string {
	if name == "" {
		return b.T("device.unnamed", "device", b.source(s))
	}
	return b.T("device.named", "device", b.source(s), "name", name)
}

func (b *Book) source(s call.Source) string { return b.fallback("device.", s.String(), "unknown") }

// Source names a device alone: Camera.
func (b *Book) Source(s call.Source) string {
	return b.fallback("device.capital.", s.String(), "unknown")
}

func (b *Book) fallback(prefix, name, otherwise string) string {
	if b.Has(prefix + name) {
		return b.T(prefix + name)
	}
	return b.T(prefix + otherwise)
}
