package prose

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/ui/kit/lines"
	"foyer/ui/theme"
)

func broken(text string, width float32) string {
	var all []string
	for _, l := range lines.Break(text, width, textWidth) {
		all = append(all, text[l.Start:l.End])
	}
	return strings.Join(all, "|")
}

func TestLinesBreak(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(theme.Fixed(fynetheme.VariantDark))
	w := textWidth("one two three") + 1
	for in, want := range map[string]string{
		"":                        "",
		"one two three four":      "one two three|four",
		"one two three     four":  "one two three|four",
		"a\n\nb":                  "a||b",
		"  indented":              "  indented",
		"one two three\nfour":     "one two three|four",
		"https://example.org/a/b": "https://|example.org/|a/b",
	} {
		if got := broken(in, w); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	// A word that is wider than a line is broken between its characters, and no
	// line is wider than it may be.
	for _, long := range []string{strings.Repeat("x", 200), strings.Repeat("e\u0301", 100), strings.Repeat("好", 80), strings.Repeat("👩‍👧", 40)} {
		spans := lines.Break(long, w, textWidth)
		if len(spans) < 2 {
			t.Errorf("%.6q... is on %d lines", long, len(spans))
		}
		end := 0
		for _, l := range spans {
			part := long[l.Start:l.End]
			if l.Start != end || textWidth(part) > w+0.5 && len([]rune(part)) > 3 {
				t.Errorf("%.6q...: line %q from %d, after %d", long, part, l.Start, end)
			}
			if strings.HasPrefix(part, "\u0301") || strings.HasPrefix(part, "\u200d") {
				t.Errorf("a line begins with a mark: %q", part)
			}
			end = l.End
		}
		if end != len(long) {
			t.Errorf("%.6q...: %d of %d bytes", long, end, len(long))
		}
	}
	if got := broken("abc", 1); got != "a|b|c" {
		t.Errorf("in no room at all: %q", got)
	}
}

func FuzzLines(f *testing.F) {
	f.Add("one two", 50)
	f.Add("e\u0301\n \n", 3)
	f.Fuzz(func(t *testing.T, s string, width int) {
		test.NewTempApp(t).Settings().SetTheme(theme.Fixed(fynetheme.VariantDark))
		end := 0
		for _, l := range lines.Break(s, float32(width%500), textWidth) {
			if l.Start < end || l.End < l.Start || l.End > len(s) {
				t.Fatalf("%q: %d to %d after %d", s, l.Start, l.End, end)
			}
			end = l.End
		}
	})
}

func TestProse(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(theme.Fixed(fynetheme.VariantDark))
	text := "see https://example.org now\nor later"
	p := New(text)
	p.AddLink(4, 23)
	opened, selects := -1, 0
	p.OnLink = func(i int) { opened = i }
	p.OnSelect = func() { selects++ }
	w := test.NewTempWindow(t, p)
	w.Resize(fyne.NewSize(400, 100))
	at := func(s string) fyne.Position { // the middle of the first character of s
		i := strings.Index(text, s)
		line := strings.LastIndexByte(text[:i], '\n') + 1
		row := strings.Count(text[:i], "\n")
		return fyne.NewPos(textWidth(text[line:i])+1, (float32(row)+0.5)*LineHeight())
	}
	tap := func(s string) {
		opened = -1
		p.Tapped(&fyne.PointEvent{Position: at(s)})
	}
	if tap("example"); opened != 0 {
		t.Error("a link is not opened")
	}
	if tap("see"); opened != -1 {
		t.Error("words are a link")
	}
	p.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at("example")}})
	if p.Cursor() != desktop.PointerCursor {
		t.Error("the pointer does not tell of the link")
	}
	p.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at("now")}, Button: desktop.MouseButtonPrimary})
	p.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at("later")}})
	if got := p.Selected(); got != "now\nor " || selects != 1 {
		t.Errorf("selected %q", got)
	}
	if p.Deselect(); p.Selected() != "" {
		t.Error("the selection stays")
	}
	long := New(strings.Repeat("a\n", 4095))
	long.Limit(24)
	if !long.Cut(200) || long.HeightFor(200) != 24*LineHeight() {
		t.Errorf("a message of 4096 lines is %v high", long.HeightFor(200))
	}
}
