package theme

import (
	"sync"

	"fyne.io/fyne/v2"
)

// LoadFonts begins to read the theme's fonts, beside the connection to the
// display: either takes a tenth of the start. The answer waits for them; until
// then nothing else may measure text, as Fyne's caches have no locks.
func LoadFonts() (wait func()) {
	var loading sync.WaitGroup
	loading.Go(func() {
		for _, style := range []fyne.TextStyle{{}, {Bold: true}} {
			fyne.MeasureText(" ", TextSize, style)
		}
	})
	return loading.Wait
}
