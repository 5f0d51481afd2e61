package atspi

import (
	"slices"
	"unicode"

	"github.com/godbus/dbus/v5"
)

// text is org.a11y.atspi.Text. Places are counted in characters.
type text struct{ *server }

// runes are the text of an object.
func (s text) runes(m dbus.Message) ([]rune, *object, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return nil, nil, err
	}
	return []rune(o.text), o, nil
}

// within brings a range into a text; an end of -1 is that of the text.
func within(from, to int32, length int) (int, int) {
	end := int(to)
	if end < 0 || end > length {
		end = length
	}
	return max(0, min(int(from), end)), end
}

// GetText returns a part of the text.
func (s text) GetText(m dbus.Message, from, to int32) (string, *dbus.Error) {
	all, _, err := s.runes(m)
	a, b := within(from, to, len(all))
	return string(all[a:b]), err
}

// GetCharacterAtOffset returns a character.
func (s text) GetCharacterAtOffset(m dbus.Message, at int32) (int32, *dbus.Error) {
	all, _, err := s.runes(m)
	if at < 0 || int(at) >= len(all) {
		return 0, err
	}
	return all[at], err
}

// What a text is asked for by: GetStringAtOffset counts otherwise than the older
// methods.
const (
	byCharacter = iota
	byWord
	byLine
)

// GetStringAtOffset returns the character, word or line at a place, and where it is.
func (s text) GetStringAtOffset(m dbus.Message, at int32, by uint32) (string, int32, int32, *dbus.Error) {
	return s.piece(m, at, int(min(by, byLine)), 0)
}

// unit is what the older methods ask for.
func unit(boundary uint32) int {
	switch boundary {
	case 0:
		return byCharacter
	case 1, 2:
		return byWord
	default:
		return byLine
	}
}

// GetTextAtOffset returns the piece at a place.
func (s text) GetTextAtOffset(m dbus.Message, at int32, boundary uint32) (string, int32, int32, *dbus.Error) {
	return s.piece(m, at, unit(boundary), 0)
}

// GetTextBeforeOffset returns the piece before that.
func (s text) GetTextBeforeOffset(m dbus.Message, at int32, boundary uint32) (string, int32, int32, *dbus.Error) {
	return s.piece(m, at, unit(boundary), -1)
}

// GetTextAfterOffset returns the piece after it.
func (s text) GetTextAfterOffset(m dbus.Message, at int32, boundary uint32) (string, int32, int32, *dbus.Error) {
	return s.piece(m, at, unit(boundary), 1)
}

func (s text) piece(m dbus.Message, at int32, by, step int) (string, int32, int32, *dbus.Error) {
	all, _, err := s.runes(m)
	if err != nil {
		return "", 0, 0, err
	}
	place := max(0, min(int(at), len(all)))
	from, to := pieceAt(all, place, by)
	switch {
	case step < 0 && from == 0, step > 0 && to >= len(all):
		return "", int32(from), int32(from), nil
	case step < 0:
		from, to = pieceAt(all, from-1, by)
	case step > 0:
		from, to = pieceAt(all, to, by)
	}
	return string(all[from:to]), int32(from), int32(to), nil
}

// pieceAt is where the piece at a place begins and ends. A word has the blanks after
// it, a line its end.
func pieceAt(all []rune, at, by int) (from, to int) {
	if by == byCharacter {
		return at, min(at+1, len(all))
	}
	begins := func(i int) bool { return all[i-1] == '\n' }
	if by == byWord {
		begins = func(i int) bool { return unicode.IsSpace(all[i-1]) && !unicode.IsSpace(all[i]) }
	}
	from, to = at, at+1
	for from > 0 && (from == len(all) || !begins(from)) {
		from--
	}
	for to < len(all) && !begins(to) {
		to++
	}
	return from, min(to, len(all))
}

// SetCaretOffset is done only by the keyboard.
func (s text) SetCaretOffset(dbus.Message, int32) (bool, *dbus.Error) { return false, nil }

// GetNSelections returns that nothing is selected.
func (s text) GetNSelections(dbus.Message) (int32, *dbus.Error) { return 0, nil }

// GetSelection returns an empty one.
func (s text) GetSelection(dbus.Message, int32) (from, to int32, err *dbus.Error) { return 0, 0, nil }

// AddSelection is done only by the keyboard.
func (s text) AddSelection(dbus.Message, int32, int32) (bool, *dbus.Error) { return false, nil }

// RemoveSelection is, too.
func (s text) RemoveSelection(dbus.Message, int32) (bool, *dbus.Error) { return false, nil }

// SetSelection is, too.
func (s text) SetSelection(dbus.Message, int32, int32, int32) (bool, *dbus.Error) { return false, nil }

// GetAttributes returns that all of a text looks alike.
func (s text) GetAttributes(m dbus.Message, _ int32) (map[string]string, int32, int32, *dbus.Error) {
	all, _, err := s.runes(m)
	return map[string]string{}, 0, int32(len(all)), err
}

// GetAttributeRun returns the same.
func (s text) GetAttributeRun(m dbus.Message, at int32, _ bool) (map[string]string, int32, int32, *dbus.Error) {
	return s.GetAttributes(m, at)
}

// GetAttributeValue returns none.
func (s text) GetAttributeValue(dbus.Message, int32, string) (string, *dbus.Error) { return "", nil }

// GetDefaultAttributes returns none.
func (s text) GetDefaultAttributes(dbus.Message) (map[string]string, *dbus.Error) {
	return map[string]string{}, nil
}

// GetDefaultAttributeSet returns none.
func (s text) GetDefaultAttributeSet(dbus.Message) (map[string]string, *dbus.Error) {
	return map[string]string{}, nil
}

// GetCharacterExtents returns the place of the whole text: where in it a character is
// drawn is not known.
func (s text) GetCharacterExtents(m dbus.Message, _ int32, kind uint32) (x, y, w, h int32, err *dbus.Error) {
	_, o, err := s.runes(m)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	e := extentsOf(where(o, kind))
	return e.X, e.Y, e.Width, e.Height, nil
}

// GetRangeExtents returns the same.
func (s text) GetRangeExtents(m dbus.Message, from, _ int32, kind uint32) (x, y, w, h int32, err *dbus.Error) {
	return s.GetCharacterExtents(m, from, kind)
}

// GetOffsetAtPoint returns that it is not known.
func (s text) GetOffsetAtPoint(dbus.Message, int32, int32, uint32) (int32, *dbus.Error) {
	return -1, nil
}

// editable is org.a11y.atspi.EditableText.
type editable struct{ *server }

func (s editable) change(m dbus.Message, change func(before []rune) []rune) (bool, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return false, err
	}
	return s.write(o, func(before string) string { return string(change([]rune(before))) }), nil
}

// SetTextContents writes a text in place of all.
func (s editable) SetTextContents(m dbus.Message, all string) (bool, *dbus.Error) {
	return s.change(m, func([]rune) []rune { return []rune(all) })
}

// InsertText writes the first characters of a text at a place.
func (s editable) InsertText(m dbus.Message, at int32, more string, length int32) (bool, *dbus.Error) {
	return s.change(m, func(before []rune) []rune {
		place, _ := within(at, -1, len(before))
		_, n := within(0, length, len([]rune(more)))
		return slices.Insert(before, place, []rune(more)[:n]...)
	})
}

// DeleteText takes a part away.
func (s editable) DeleteText(m dbus.Message, from, to int32) (bool, *dbus.Error) {
	return s.change(m, func(before []rune) []rune {
		a, b := within(from, to, len(before))
		return slices.Delete(before, a, b)
	})
}
