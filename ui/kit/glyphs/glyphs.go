// Package glyphs knows which characters the fonts of this computer have.
//
// It belongs to Fyne's main goroutine.
package glyphs

import (
	"unicode"

	"github.com/go-text/typesetting/fontscan"
)

// built is up to where Foyer's own font has all letters that its languages need.
const built = unicode.MaxLatin1

// Has reports whether some font has every character of a text. The first question
// about another script than Latin reads the list of the system's fonts, as drawing it
// would.
func Has(text string) bool {
	var fonts *fontscan.FontMap
	for _, r := range text {
		if r <= built {
			continue
		}
		if fonts == nil {
			fonts = fontscan.NewFontMap(silent{})
			if fonts.UseSystemFonts("") != nil {
				return false
			}
			fonts.SetQuery(fontscan.Query{Families: []string{fontscan.SansSerif}})
		}
		face := fonts.ResolveFace(r)
		if face == nil {
			return false
		}
		if _, ok := face.NominalGlyph(r); !ok {
			return false
		}
	}
	return true
}

// silent is no log: a font that cannot be read has no characters, and that is all.
type silent struct{}

func (silent) Printf(string, ...any) {}
