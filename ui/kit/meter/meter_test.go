package meter

import (
	"testing"

	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/ui/theme"
)

func TestMeter(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(theme.Fixed(fynetheme.VariantLight))
	m := New()
	r := test.TempWidgetRenderer(t, m).(*renderer)
	for level, want := range map[float32]int{-1: 0, 0: 0, 0.25: 3, 0.5: 6, 1: bars, 7: bars} {
		m.Set(level)
		if m.Lit() != want {
			t.Errorf("level %v lights %d bars, want %d", level, m.Lit(), want)
		}
		lit := 0
		for _, b := range r.bars {
			if b.FillColor == theme.Color(theme.MeterOn) {
				lit++
			}
		}
		if lit != want {
			t.Errorf("level %v: %d bars have the colour", level, lit)
		}
	}
	if _, _, _, alpha := r.ground.FillColor.RGBA(); alpha < 0xc000 {
		t.Error("video shines through the ground")
	}
}
