package kit

import (
	"encoding/json"

	"fyne.io/fyne/v2/lang"
)

// TeachFields gives Fyne, whose fields have a menu of their own, the words of a book. It
// speaks the language of the system, so the words pass for that one's.
func TeachFields(book interface {
	T(string, ...string) string
}) error {
	menu, err := json.Marshal(map[string]string{
		"Copy": book.T("edit.copy"), "Cut": book.T("edit.cut"), "Paste": book.T("edit.paste"),
		"Redo": book.T("edit.redo"), "Select all": book.T("edit.all"), "Undo": book.T("edit.undo"),
	})
	if err != nil {
		return err
	}
	return lang.AddTranslationsForLocale(menu, lang.SystemLocale())
}
