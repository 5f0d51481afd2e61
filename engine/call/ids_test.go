package call

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestN1_LengthCountsBytes(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want error
	}{
		{"room of 1", CheckRoomID("x"), nil},
		{"room of 128", CheckRoomID(strings.Repeat("x", 128)), nil},
		{"room of 129", CheckRoomID(strings.Repeat("x", 129)), ErrTooLong},
		{"room of 42 apostrophes, 126 bytes", CheckRoomID(strings.Repeat("’", 42)), nil},
		{"room of 43 apostrophes, 129 bytes", CheckRoomID(strings.Repeat("’", 43)), ErrTooLong},
		{"identity of 1", CheckIdentity("x"), nil},
		{"identity of 63", CheckIdentity(strings.Repeat("x", 63)), nil},
		{"identity of 64", CheckIdentity(strings.Repeat("x", 64)), ErrTooLong},
		{"identity of 21 characters, 63 bytes", CheckIdentity(strings.Repeat("会", 21)), nil},
		{"identity of 22 characters, 66 bytes", CheckIdentity(strings.Repeat("会", 22)), ErrTooLong},
		{"name of 1", CheckName("x"), nil},
		{"name of 255", CheckName(strings.Repeat("x", 255)), nil},
		{"name of 256", CheckName(strings.Repeat("x", 256)), ErrTooLong},
		{"name of 255 between blanks", CheckName("  " + strings.Repeat("x", 255) + "\t"), nil},
		{"title of 255", CheckTitle(strings.Repeat("x", 255)), nil},
		{"title of 256", CheckTitle(strings.Repeat("x", 256)), ErrTooLong},
		{"no title", CheckTitle(""), nil},
	}
	for _, tt := range tests {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, tt.err, tt.want)
		}
	}
	var name *NameError
	if err := CheckRoomID(strings.Repeat("’", 43)); !errors.As(err, &name) || name.Length != 129 || name.Limit != 128 ||
		err.Error() != "room ID is 129 bytes long, at most 128 are allowed" {
		t.Errorf("got %v", err)
	}
}

// roomAlphabet is S0's list, written out a second time.
const roomAlphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + "~!@#$%^&*()_+=-`;,.<>/\\" + "’"

func TestN2_AllowedCharacters(t *testing.T) {
	tried := []string{"’", "会", "é", "\x00", "\n", "\t", "\x7f", "\xff", "\xe2\x80", "\uFFFD", "‘", "\u00a0", "\u200b"}
	for c := rune(0x20); c < 0x7f; c++ {
		tried = append(tried, string(c))
	}
	if len(tried) != 95+13 {
		t.Fatalf("%d characters", len(tried))
	}
	allowed := 0
	for _, c := range tried {
		err := CheckRoomID("a’" + c + "b")
		if utf8.ValidString(c) && strings.Contains(roomAlphabet, c) {
			allowed++
			if err != nil {
				t.Errorf("%q: %v", c, err)
			}
			continue
		}
		want := []rune(c)[0] // U+FFFD for what is not UTF-8
		var name *NameError
		if !errors.As(err, &name) || !errors.Is(err, ErrForbiddenCharacter) || name.Character != want || name.Position != 3 {
			t.Errorf("%q: %+v", c, err)
			continue
		}
		if text := err.Error(); !strings.Contains(text, fmt.Sprintf("%q at position 3", want)) || !strings.Contains(text, "room ID") {
			t.Errorf("%q: the message is %q", c, text)
		}
	}
	if allowed != 62+24 {
		t.Errorf("%d of the tried characters are allowed", allowed)
	}
}

func TestN2_ForbiddenInTexts(t *testing.T) {
	checks := map[Field]func(string) error{FieldIdentity: CheckIdentity, FieldName: CheckName, FieldTitle: CheckTitle}
	for field, check := range checks {
		for _, good := range []string{"Ada Lovelace", "会议", "a\uFFFDb", "<&\"'>", "50%"} {
			if err := check(good); err != nil {
				t.Errorf("%s %q: %v", field, good, err)
			}
		}
		for _, bad := range []string{"é\x00b", "é\nb", "é\x7fb", "é\u0085b", "é\xffb"} {
			var name *NameError
			if err := check(bad); !errors.As(err, &name) || name.Field != field || !errors.Is(err, ErrForbiddenCharacter) || name.Position != 2 {
				t.Errorf("%s %q: %v", field, bad, err)
			}
		}
	}
	// The position is the one in what was typed, blanks at the beginning included.
	var name *NameError
	if err := CheckName("\t ’a\nb "); !errors.As(err, &name) || name.Position != 5 {
		t.Errorf("got %v", err)
	}
}

func TestN4_ThreeDifferentEmptyErrors(t *testing.T) {
	texts := map[string]bool{}
	for field, err := range map[Field]error{
		FieldRoom: CheckRoomID(""), FieldIdentity: CheckIdentity(""), FieldName: CheckName(" \t "),
	} {
		var name *NameError
		if !errors.As(err, &name) || name.Field != field || !errors.Is(err, ErrEmpty) {
			t.Errorf("%s: %v", field, err)
			continue
		}
		texts[err.Error()] = true
	}
	if len(texts) != 3 {
		t.Errorf("the texts are %v", texts)
	}
}
