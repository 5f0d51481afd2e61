package call

import (
	"errors"
	"math/rand/v2"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// wrap breaks a text into lines, as mail programs do.
func wrap(s string, width int, end string) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width] + end)
		s = s[width:]
	}
	return b.String() + s
}

func quotedPrintableOf(s string) string { return wrap(strings.ReplaceAll(s, "=", "=3D"), 75, "=\r\n") }

// wrappings are what people's mail, chat and web programs make of a link.
func wrappings() map[string]func(string) string {
	return map[string]func(string) string{
		"as it is":              func(l string) string { return l },
		"blanks and newlines":   func(l string) string { return " \t" + l + " \r\n" },
		"angle brackets":        func(l string) string { return "<" + l + ">" },
		"double quotes":         func(l string) string { return `"` + l + `"` },
		"single quotes":         func(l string) string { return "'" + l + "'" },
		"parentheses":           func(l string) string { return "(" + l + ")" },
		"typographic quotes":    func(l string) string { return "“" + l + "”" },
		"German quotes":         func(l string) string { return "„" + l + "“" },
		"French quotes":         func(l string) string { return "« " + l + " »" },
		"backquotes":            func(l string) string { return "`" + l + "`" },
		"a word before":         func(l string) string { return "Join: " + l },
		"a word at it":          func(l string) string { return "Link:" + l },
		"markdown":              func(l string) string { return "[the room](" + l + ")" },
		"markdown twice":        func(l string) string { return "[" + l + "](" + l + ")" },
		"markdown bold":         func(l string) string { return "**" + l + "**" },
		"markdown escapes":      func(l string) string { return strings.ReplaceAll(l, "_", `\_`) },
		"zero width before":     func(l string) string { return "\u200b" + l },
		"byte order mark":       func(l string) string { return "\ufeff" + l },
		"zero width after":      func(l string) string { return l + "\u200b" },
		"zero width inside":     func(l string) string { return l[:30] + "\u200b" + l[30:60] + "\u2060\u00ad" + l[60:] },
		"no slashes":            func(l string) string { return strings.Replace(l, "//", "", 1) },
		"one slash":             func(l string) string { return strings.Replace(l, "//", "/", 1) },
		"full stop":             func(l string) string { return "Come to " + l + "." },
		"comma":                 func(l string) string { return l + ", please" },
		"parenthesis after":     func(l string) string { return l + ")" },
		"bracket after":         func(l string) string { return l + ">" },
		"escaped bracket after": func(l string) string { return l + "%3E" },
		"a note after":          func(l string) string { return l + " (room)" },
		"tracking":              func(l string) string { return l + "&utm_source=mail&utm_medium=x" },
		"a fragment":            func(l string) string { return l + "#:~:text=x" },
		"mail of 76 columns":    func(l string) string { return wrap(l, 76, "\r\n") },
		"narrow terminal":       func(l string) string { return wrap(l, 20, "\n    ") },
		"quoted in a reply":     func(l string) string { return "> " + wrap(l, 60, "\n> ") },
		"soft breaks":           func(l string) string { return wrap(l, 75, "=\r\n") },
		"quoted-printable":      quotedPrintableOf,
		"HTML":                  func(l string) string { return strings.ReplaceAll(l, "&", "&amp;") },
		"HTML by number":        func(l string) string { return strings.ReplaceAll(l, "&", "&#38;") },
		"HTML twice":            func(l string) string { return strings.ReplaceAll(l, "&", "&amp;amp;") },
		"an HTML mail": func(l string) string {
			return quotedPrintableOf(`<a href="` + strings.ReplaceAll(l, "&", "&amp;") + `">Join</a>`)
		},
		"capital scheme":  func(l string) string { return strings.Replace(l, "foyer", "FOYER", 1) },
		"capital code":    func(l string) string { return l[:len(l)-8] + strings.ToUpper(l[len(l)-8:]) },
		"a mail gateway":  func(l string) string { return "https://links.example/?url=" + url.QueryEscape(l) + "&data=05%7C02" },
		"shown unescaped": func(l string) string { return strings.ReplaceAll(l, "%C3%9F", "ß") },
		"the whole letter": func(l string) string {
			return "Hi,\n\nour foyer: at nine!\n\n  " + l + "\n\n-- \nFoyer: https://foyer.example"
		},
	}
}

// What people paste is repaired, and the check code says that it is right.
func TestLinksAsPeopleGetThem(t *testing.T) {
	for _, room := range []RoomID{"standup", "50%", "a&c=00000000", "_it’s_", "foyer"} {
		l := testLink()
		l.Room, l.Title = room, "Große Halle & more"
		for name, wrapped := range wrappings() {
			got, err := ParseLink(wrapped(l.String()))
			if err != nil || !reflect.DeepEqual(got, l) {
				t.Errorf("%s: %q: got %+v, %v", name, wrapped(l.String()), got, err)
			}
			if !MentionsLink(wrapped(l.String())) {
				t.Errorf("%s: not seen as a link", name)
			}
		}
	}
}

// Whatever was done to a link is undone or named, and never guessed: what comes
// out is the link that went in.
func TestWrappedTwiceIsTheSameLinkOrNone(t *testing.T) {
	l := testLink()
	l.Title = "Große Halle"
	random := rand.New(rand.NewPCG(1, 2))
	all := wrappings()
	var names []string
	for name := range all {
		names = append(names, name)
	}
	for range 2000 {
		first, second := names[random.IntN(len(names))], names[random.IntN(len(names))]
		text := all[second](all[first](l.String()))
		if random.IntN(3) == 0 { // and damaged
			at := random.IntN(len(text))
			text = text[:at] + string(rune(random.IntN(0x250))) + text[at+random.IntN(2):]
		}
		got, err := ParseLink(text)
		if err == nil && !reflect.DeepEqual(got, l) {
			t.Errorf("%s, then %s: %q is read as %+v", first, second, text, got)
		}
		checkNoSecret(t, err)
	}
}

func TestWhatIsWrongWithALink(t *testing.T) {
	l := testLink()
	whole := l.String()
	other := testLink()
	other.Room = "other"
	for text, want := range map[string]error{
		"foyer://": ErrLinkCut,
		"<" + whole[:len(whole)-1] + ">, they said":           ErrLinkCut,
		whole[:len(whole)-12] + "\n":                          ErrLinkCut,
		strings.Replace(whole, "standup", "standUp", 1):       ErrLinkChanged,
		strings.Replace(whole, testSecret, testSecret[1:], 1): ErrLinkChanged,
		whole[:40] + whole[60:]:                               ErrLinkChanged,
		whole + "\n" + other.String():                         ErrLinkSeveral,
		"foyer: the room next door":                           ErrLinkUnreadable,
		"our foyer":                                           ErrLinkUnreadable,
		"https://foyer.example/room":                          ErrLinkUnreadable,
	} {
		_, err := ParseLink(text)
		if !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
		checkNoSecret(t, err)
	}
	if got, err := ParseLink(whole + "\n" + whole); err != nil || !reflect.DeepEqual(got, l) {
		t.Errorf("the same link twice: %v", err)
	}
}

func TestPlainLinksAsPeopleGetThem(t *testing.T) {
	token := testToken(`{"sub":"ada","video":{"room":"r"}}`)
	plain := "wss://example.org/livekit/?token=" + token
	for _, text := range []string{
		"<" + plain + ">", "“" + plain + "”", `"` + plain + `"`, "(" + plain + ").", "[x](" + plain + ")", "Join: " + plain + ", now",
		plain + "%3E", plain + "&utm_source=mail", plain + "&amp;utm_source=mail", "\ufeff" + plain + "\u200b", "`" + plain + "`",
		strings.Replace(plain, "wss", "WSS", 1), strings.Replace(plain, "?", "?x=1&amp;", 1), plain + "\nsee you at the foyer: 9",
	} {
		got, err := ParseLink(text)
		if err != nil || got.Token != token || got.URL != "wss://example.org/livekit" || got.Identity != "ada" {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
}

// FuzzPastedLink: a link within any text is found as it is, or not at all.
func FuzzPastedLink(f *testing.F) {
	f.Add("Join: ", ">.")
	f.Add("foyer://x&c=12345678 ", "&c=00000000")
	f.Add("foyer%3A%2F%2F", "\n> =3D&amp;")
	f.Add("wss://a?token=b", "foyer:")
	f.Fuzz(func(t *testing.T, before, after string) {
		l := testLink()
		if strings.Contains(strings.ToLower(after), "foyer") || len(before)+len(after) > MaxPasted/2 {
			return // it may hold a link of its own
		}
		got, err := ParseLink(before + " " + l.String() + after)
		starts := linkStart.FindAllString(before, -1)
		if err != nil && len(starts) == 0 && !strings.HasSuffix(strings.ToLower(before), Scheme) {
			t.Errorf("%q, %q: %v", before, after, err)
		}
		if err == nil && !got.IsLiveKit() && !reflect.DeepEqual(got, l) {
			if again, own := ParseLink(before); own != nil || !reflect.DeepEqual(got, again) {
				t.Errorf("%q, %q: got %+v", before, after, got)
			}
		}
	})
}
