package view

import (
	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

const shortcutsWidth = 560

// ShowShortcuts shows the list of keys.
func ShowShortcuts(c fyne.Canvas, book *words.Book, all []settings.Key, cancelled func()) *kit.Sheet {
	done := kit.NewButton(book.T("keys.close_sheet"), "", kit.Plain, cancelled)
	sheet := kit.ShowSheet(
		c, book.T("keys.title"), shortcutsWidth, settings.KeyList(book, all), kit.Row(12, kit.Spring(), done), cancelled,
	)
	c.Focus(done)
	return sheet
}
