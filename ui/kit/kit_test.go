package kit

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/ui/theme"
)

func app(t *testing.T) {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(theme.Fixed(fynetheme.VariantDark))
}

func TestWrapping(t *testing.T) {
	app(t)
	const text = "The camera “Integrated HD Webcam” is in use by another program."
	p := NewParagraph(text)
	for width := float32(20); width < 600; width += 7 {
		lines := p.lines(width)
		for _, l := range lines {
			if p.measure(l).Width > width && len([]rune(l)) > 1 {
				t.Errorf("width %v: %q does not fit", width, l)
			}
		}
		if got := strings.Join(strings.Fields(strings.Join(lines, "")), ""); got != strings.ReplaceAll(text, " ", "") {
			t.Errorf("width %v: words are lost: %q", width, lines)
		}
		if got, want := p.HeightFor(width), p.measure("M").Height*float32(len(lines)); got != want {
			t.Errorf("width %v: height %v, want %v", width, got, want)
		}
	}
	if n := len(NewParagraph("one\ntwo\n\nthree").lines(300)); n != 4 {
		t.Errorf("%d lines", n)
	}
}

func TestShrinking(t *testing.T) {
	app(t)
	s := NewText("Monday meeting of the whole team").Shrinking()
	for width := s.MinWidth(); width > 20; width -= 11 {
		got := s.fit(s.text, width)
		if s.measure(got).Width > width+0.5 {
			t.Errorf("%q is wider than %v", got, width)
		}
		if width < s.MinWidth() && !strings.HasSuffix(got, ellipsis) {
			t.Errorf("%q does not say that it is cut", got)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a b c", float32(10))
	f.Add("\xff\xfe 会议\u200d🙂", float32(0))
	f.Add(strings.Repeat("x", 300), float32(-4))
	f.Fuzz(func(t *testing.T, text string, width float32) {
		if len(text) > 2000 {
			return // longer than anything that is shown, and slow to measure
		}
		test.NewApp()
		p := NewParagraph(text)
		p.lines(width)
		p.Shrinking().fit(text, width)
	})
}

func TestRowSharesTheRest(t *testing.T) {
	app(t)
	a, b, c := NewButton("A", "", Plain, nil), NewButton("B", "", Plain, nil), NewButton("C", "", Plain, nil)
	row := Row(10, a, Grow(b), c)
	row.Resize(fyne.NewSize(400, 60))
	if a.Position().X != 0 || c.Position().X+c.Size().Width != 400 {
		t.Errorf("a at %v, c ends at %v", a.Position(), c.Position().X+c.Size().Width)
	}
	if want := 400 - a.Size().Width - c.Size().Width - 20; b.Size().Width != want {
		t.Errorf("b is %v wide, want %v", b.Size().Width, want)
	}
	if a.Position().Y != 10 {
		t.Errorf("not centred: %v", a.Position())
	}
	c.Hide()
	row.Resize(fyne.NewSize(401, 60))
	if want := 401 - a.Size().Width - 10; b.Size().Width != want {
		t.Errorf("a hidden object keeps its room: %v, want %v", b.Size().Width, want)
	}
}

func TestColumnFollowsTheWidth(t *testing.T) {
	app(t)
	p := NewParagraph("Foyer opens your camera and microphone only when you ask.")
	below := NewButton("x", "", Plain, nil)
	col := Column(8, Pad(Column(0, p), 1, 2, 3, 4), below)
	for _, w := range []float32{120, 240, 800} {
		col.Resize(fyne.NewSize(w, HeightFor(col, w)))
		if got, want := below.Position().Y, p.HeightFor(w-6)+4+8; got != want {
			t.Errorf("width %v: the button is at %v, want %v", w, got, want)
		}
	}
}

func TestButton(t *testing.T) {
	app(t)
	taps := 0
	b := NewIconButton("Mute", "mic", Plain, NewTips(), func() { taps++ })
	w := test.NewWindow(b)
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnter})
	test.Tap(b)
	if taps != 3 {
		t.Errorf("%d taps", taps)
	}
	var passed fyne.KeyName
	w.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) { passed = k.Name })
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyM})
	if passed != fyne.KeyM {
		t.Error("a key that the button does not want is lost")
	}
	b.Disable()
	test.Tap(b)
	if taps != 3 {
		t.Error("a disabled button acts")
	}
	if b.Name() != "Mute" {
		t.Errorf("an icon without a name: %q", b.Name())
	}
	b.MouseIn(nil)
	b.MouseDown(nil)
	b.MouseUp(nil)
	b.MouseOut()
}

func TestFieldTellsTheUsersHandOnly(t *testing.T) {
	app(t)
	var typed []string
	submitted := 0
	f := NewField("Your name", "", func() { submitted++ })
	f.OnChanged = func(s string) { typed = append(typed, s) }
	f.SetText("Ada")
	test.Type(f.Entry, "!")
	f.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if len(typed) != 1 || submitted != 1 {
		t.Errorf("typed %q, submitted %d", typed, submitted)
	}
	before := f.HeightFor(200)
	f.SetProblem("Your name is missing.", theme.Error)
	if f.HeightFor(200) <= before {
		t.Error("a problem takes no room")
	}
}

func TestProgressMovesThereAndBack(t *testing.T) {
	app(t)
	p := NewProgress()
	p.Resize(fyne.NewSize(100, 4))
	bar := test.TempWidgetRenderer(t, p).(*progressRenderer).bar
	at := func(d time.Duration) float32 {
		p.Tick(d)
		return bar.Position().X
	}
	if at(0) != 0 || at(progressPeriod/2) < 69 || at(progressPeriod) != 0 {
		t.Error("the bar does not move there and back")
	}
}

// A theme that changes while the window is open reaches every colour.
func TestFollowsTheTheme(t *testing.T) {
	app(t)
	b := NewButton("Start", "door", Primary, nil)
	text := NewText("hello")
	w := test.NewWindow(Column(4, b, text, NewPanel(theme.Surface, 4)))
	w.Resize(fyne.NewSize(200, 100))
	dark := w.Canvas().Capture()
	fyne.CurrentApp().Settings().SetTheme(theme.Fixed(fynetheme.VariantLight))
	light := w.Canvas().Capture()
	if test.WidgetRenderer(text).Objects()[0].Visible() && dark.At(4, 4) == light.At(4, 4) {
		t.Error("the background stays")
	}
	r := test.WidgetRenderer(text).(*textRenderer)
	if r.lines[0].Color != theme.Color(theme.Foreground) {
		t.Error("the text stays")
	}
}
