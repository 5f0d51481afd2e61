package call

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"Ada Lovelace": "Ada Lovelace", " \tAda\u00a0\u2003 Lovelace\n": "Ada Lovelace", "e\u0301": "é", "Paul\u200b": "Paul", "\ufeffPa\u00adul": "Paul",
		"\u200b\u2060": "", "\u3164": "", "\u2800": "", "\ufeff": "", "\u00ad": "", "\ufe0f": "", "\u0301": "", "\u115f\u1160": "", "\uffa0": "",
		"\U000E0041\U000E0042": "", "\u2800Ada\u2800": "Ada", "\u202eadA\u202c": "adA", "\u2067\u2069": "", "\u200e": "", "\ufffe\U0001ffff": "",
		"Z" + strings.Repeat("\u0322", 50): "Z" + strings.Repeat("\u0322", maxMarks), "\x00\x1b[2J": "[2J",
		"👩\u200d💻": "👩\u200d💻", "❤\ufe0f": "❤\ufe0f", "1\ufe0f\u20e3": "1\ufe0f\u20e3", "🏴\U000E0067\U000E0062\U000E007F": "🏴\U000E0067\U000E0062\U000E007F",
		"می\u200cخواهم": "می\u200cخواهم", "क\u094d\u200dष": "क\u094d\u200dष", "A\u200dB": "AB", "عدة\u200f (x)": "عدة\u200f (x)", "broken \xff": "broken",
	} {
		if got := CleanName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := CleanText("a\r\n\u2028\tb\u202e \u200b\n"); got != "a\n\n\tb \n" {
		t.Errorf("text: %q", got)
	}
}

// Names and messages have something to be seen; IDs nothing that is not.
func TestSomethingVisible(t *testing.T) {
	for _, s := range []string{"\u200b\u2060", "\u3164", "\u2800", "\ufeff", "\u00ad", "\ufe0f\ufe0e", "\u0301\u0302", "\u200e \u200f"} {
		for field, err := range map[Field]error{FieldName: CheckName(s), FieldTitle: CheckTitle(s), FieldChat: CheckChat(s)} {
			var name *NameError
			if !errors.As(err, &name) || name.Field != field || !errors.Is(err, ErrInvisible) {
				t.Errorf("%s %q: %v", field, s, err)
			}
		}
		if err := CheckIdentity(s); !errors.Is(err, ErrForbiddenCharacter) {
			t.Errorf("ID %q: %v", s, err)
		}
		if err := CheckKnownIdentity(s); err != nil {
			t.Errorf("an ID from before, %q: %v", s, err)
		}
		if shown := ShownID(Identity(s)); !Visible(shown) {
			t.Errorf("the ID %q is shown as %q", s, shown)
		}
	}
	for _, s := range []string{" \n\t ", "\u3000"} {
		if err := CheckChat(s); !errors.Is(err, ErrInvisible) {
			t.Errorf("message %q: %v", s, err)
		}
	}
	for _, s := range []string{".", "0", "🙂", "王", "\ufffd", "ป", "é", "“"} {
		if err := errors.Join(CheckName(s), CheckTitle(s), CheckChat(s), CheckIdentity(s)); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestIDsAreWhatTheyLookLike(t *testing.T) {
	for id, position := range map[string]int{
		"bob\u200b": 4, "b\u202eob": 2, "bob ": 4, " bob": 1, "bob\u00a0x": 4, "bo\u2800b": 3, "b\u200db": 2, "\u0301bob": 1, "b\u00adb": 2,
		"e\u0301": 1, "be\u0301": 2, "b\u200eb": 2, "b\u3164": 2, "x\ufe0f": 2,
	} {
		var name *NameError
		if err := CheckIdentity(id); !errors.As(err, &name) || name.Field != FieldIdentity || name.Position != position {
			t.Errorf("%q: %v, want position %d", id, err, position)
		}
	}
	for _, id := range []string{"bob", "bob smith", "böb", "会议", "a@b.c", "महेश", "ÅÄÖ"} {
		if err := CheckIdentity(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// FuzzClean: what has been cleaned stays as it is, and holds nothing that turns
// or hides.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"Ada\u202e\n\xff", "e\u0301\u200d\u200c", "👩\u200d💻❤\ufe0f", "می\u200c\u200cخ", "\u034fa\u0301\u034f\u0300", "🏴\U000E0067x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, clean := range []func(string) string{CleanName, CleanText} {
			got := clean(s)
			if again := clean(got); again != got {
				t.Errorf("%q: %q, then %q", s, got, again)
			}
			if !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) ||
				strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) ||
				strings.ContainsAny(got, "\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069\u2028\u2029\u200b\ufeff") {
				t.Errorf("%q: %q", s, got)
			}
		}
		if name := CleanName(s); name != "" && !Visible(name) {
			t.Errorf("%q: %q", s, name)
		}
	})
}
