package kit

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/shaping"
)

// oneFace draws everything.
type oneFace struct{}

func (oneFace) ResolveFace(rune) *font.Face { return nil }

// runs are what the toolkit puts side by side, in this order: R before those that
// go from right to left.
func runs(text string) []string {
	runes := []rune(text)
	var s shaping.Segmenter
	var all []string
	for _, r := range s.Split(shaping.Input{Text: runes, RunEnd: len(runes), Direction: di.DirectionLTR}, oneFace{}) {
		run := string(runes[r.RunStart:r.RunEnd])
		if r.Direction == di.DirectionRTL {
			run = "R" + run
		}
		all = append(all, run)
	}
	return all
}

// In a line that a name from right to left begins, the blank after the name
// stays between it and the next word.
func TestBlanksStayBetweenDirections(t *testing.T) {
	test.NewTempApp(t)
	for _, sentence := range []string{"\u2068محمد\u2069 joined", "\u2068عبد الله\u2069 joined", "محمد joined", "\u2068עדה\u200e (2)\u2069 was removed by \u2068محمد\u2069."} {
		for _, line := range append(NewParagraph(sentence).lines(300), NewText(sentence).lines(300)...) {
			for _, run := range runs(line) {
				name, turned := strings.CutPrefix(run, "R")
				if turned && strings.Trim(name, " \u200e\u2068\u2069") != name {
					t.Errorf("%q: a blank is turned round with %q in %q", sentence, name, runs(line))
				}
				if !turned && strings.ContainsAny(run, "مע") {
					t.Errorf("%q: %q is not turned in %q", sentence, run, runs(line))
				}
			}
		}
	}
	if lines := NewParagraph("محمد").lines(300); lines[0] != "محمد" {
		t.Errorf("a line of one direction is %q", lines[0])
	}
	if a, b := NewText("").measure("\u200eAda \u2068محمد\u2069"), NewText("").measure("Ada محمد"); a.Width > b.Width+1 {
		t.Errorf("the marks are %v wide", a.Width-b.Width)
	}
}
