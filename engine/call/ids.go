package call

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of identifiers, in bytes of UTF-8 (contract N1, N2; S0).
const (
	MaxRoomID   = 128
	MaxIdentity = 63
	MaxName     = 255
	MaxTitle    = 255
)

// RoomID names a room: byte-exact and case-sensitive, 1..[MaxRoomID] bytes of
// the characters that S0 allows. People see a room's title instead.
type RoomID string

// Identity names a user inside a room. It is the same on every device of that
// user; a [SID] tells two joins of one identity apart.
type Identity string

// SID is a name that the server gives: PA_ for a participant, TR_ for a track,
// RM_ for a room's session.
type SID string

// roomPunctuation is S0's list. Its garbled item is U+2019; its last, empty
// item is a lost backslash.
const roomPunctuation = "~!@#$%^&*()_+=-`;’,.<>/\\"

// CheckRoomID reports why s cannot name a room, as a *[NameError], or nil.
func CheckRoomID(s string) error {
	if err := checkLength(FieldRoom, s, MaxRoomID); err != nil {
		return err
	}
	for i, r := range s {
		if !allowedInRoomID(r) || (r == utf8.RuneError && invalidAt(s, i)) {
			return &NameError{
				Field: FieldRoom, Problem: ErrForbiddenCharacter, Character: r, Position: utf8.RuneCountInString(s[:i]) + 1,
			}
		}
	}
	return nil
}

func allowedInRoomID(r rune) bool {
	switch {
	case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		return true
	default:
		return strings.ContainsRune(roomPunctuation, r)
	}
}

// CheckIdentity returns a *[NameError] if s cannot be a participant's ID, or nil. An ID
// has only visible characters that are what they look like.
func CheckIdentity(s string) error {
	if err := CheckKnownIdentity(s); err != nil {
		return err
	}
	if r, at := invisibleAt(s); at >= 0 {
		return &NameError{
			Field: FieldIdentity, Problem: ErrForbiddenCharacter, Character: r, Position: utf8.RuneCountInString(s[:at]) + 1,
		}
	}
	return nil
}

// CheckKnownIdentity is [CheckIdentity] for IDs that somebody may have from
// before: with those people can still be removed, banned and let in again.
func CheckKnownIdentity(s string) error {
	return checkText(FieldIdentity, s, MaxIdentity)
}

// CheckName reports why s cannot be a display name, as a *[NameError], or nil.
// A name of nothing but blanks counts as empty. What others see is [CleanName] of it.
func CheckName(s string) error {
	err := checkText(FieldName, strings.TrimSpace(s), MaxName)
	if name, ok := errors.AsType[*NameError](err); ok && name.Position > 0 { // in what was typed
		name.Position += utf8.RuneCountInString(s) - utf8.RuneCountInString(strings.TrimLeftFunc(s, unicode.IsSpace))
	}
	if err == nil {
		err = checkVisible(FieldName, CleanName(s), MaxName)
	}
	return err
}

// CheckTitle reports why s cannot be a room's title. An empty title is allowed.
func CheckTitle(s string) error {
	if s == "" {
		return nil
	}
	if err := checkText(FieldTitle, s, MaxTitle); err != nil {
		return err
	}
	return checkVisible(FieldTitle, CleanName(s), MaxTitle)
}

// checkVisible looks at a text that has been cleaned: something must be left to
// see, and composing it may have made it longer.
func checkVisible(f Field, cleaned string, limit int) error {
	switch {
	case !Visible(cleaned):
		return &NameError{Field: f, Problem: ErrInvisible}
	case len(cleaned) > limit:
		return &NameError{Field: f, Problem: ErrTooLong, Length: len(cleaned), Limit: limit}
	}
	return nil
}

// CheckExactName is [CheckName] for a name that nobody will trim: one that is
// signed.
func CheckExactName(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	return checkText(FieldName, name, MaxName)
}

func checkText(f Field, s string, limit int) error {
	if err := checkLength(f, s, limit); err != nil {
		return err
	}
	for i, r := range s {
		if unicode.IsControl(r) || (r == utf8.RuneError && invalidAt(s, i)) {
			return &NameError{
				Field: f, Problem: ErrForbiddenCharacter, Character: r, Position: utf8.RuneCountInString(s[:i]) + 1,
			}
		}
	}
	return nil
}

func checkLength(f Field, s string, limit int) error {
	switch {
	case s == "":
		return &NameError{Field: f, Problem: ErrEmpty}
	case len(s) > limit:
		return &NameError{Field: f, Problem: ErrTooLong, Length: len(s), Limit: limit}
	}
	return nil
}

// invalidAt tells an encoding error from a literal U+FFFD.
func invalidAt(s string, i int) bool {
	_, n := utf8.DecodeRuneInString(s[i:])
	return n == 1
}

// Field says which input a [NameError] is about.
type Field string

// The fields that are checked before anything is sent.
const (
	FieldRoom     Field = "room ID"
	FieldIdentity Field = "user ID"
	FieldName     Field = "name"
	FieldTitle    Field = "title"
	FieldText     Field = "text"
	FieldChat     Field = "message"
)

// NameError says which name is unusable and why. It unwraps to [ErrEmpty],
// [ErrTooLong], [ErrInvisible] or [ErrForbiddenCharacter].
type NameError struct {
	Field     Field
	Problem   error
	Length    int  // bytes, for ErrTooLong
	Limit     int  // bytes, for ErrTooLong
	Character rune // for ErrForbiddenCharacter
	Position  int  // 1-based, in characters, for ErrForbiddenCharacter
}

func (e *NameError) Error() string {
	switch {
	case errors.Is(e.Problem, ErrTooLong):
		return fmt.Sprintf("%s is %d bytes long, at most %d are allowed", e.Field, e.Length, e.Limit)
	case errors.Is(e.Problem, ErrForbiddenCharacter):
		return fmt.Sprintf("%s has the character %q at position %d, which is not allowed", e.Field, e.Character, e.Position)
	case errors.Is(e.Problem, ErrInvisible):
		return fmt.Sprintf("%s has nothing that can be seen", e.Field)
	default:
		return fmt.Sprintf("%s is empty", e.Field)
	}
}

func (e *NameError) Unwrap() error { return e.Problem }
