package desktop

import "strings"

// harmless is a text without what PowerShell would run or end a text at: on Windows,
// Fyne writes notifications into a script.
func harmless(text string) string {
	return strings.NewReplacer(
		"$", "\uff04", "`", "'",
		`"`, "'", "\u201c", "'", "\u201d", "'", "\u201e", "'", "\u201f", "'",
		"\r", " ", "\n", " ", "\x00", "",
	).Replace(text)
}
