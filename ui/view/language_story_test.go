package view

import (
	"fmt"
	"io"
	"log"
	"strings"
	"testing"
	"time"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/fontscan"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/uitest"
	"foyer/ui/view/panel"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// narrow is a small window of a computer.
var narrow = fyne.NewSize(800, 560)

// inLanguages are the screens that have an image in German and in Chinese.
func inLanguages() map[string]func(*stand) {
	return map[string]func(*stand){
		"lobby": func(s *stand) {
			s.form.Asked, s.form.CameraOn = false, false
			s.form.Recent = []Recent{{Title: "Design review", At: s.now.Add(-time.Hour)}, {Title: "设计评审", At: s.now.AddDate(0, 0, -3)}}
			s.apply(devices())
			s.show()
		},
		"room": func(s *stand) {
			s.win.Resize(normal) // the panel beside the stage
			s.talk()
			s.apply(call.CommandFailed{Command: "publish", Source: call.SourceCamera, Err: &call.DeviceError{Source: call.SourceCamera, Device: "Logitech BRIO", Err: call.ErrDeviceBusy}})
			s.show()
		},
		"farewell": func(s *stand) {
			s.apply(farewells(s.now)["banned"])
			s.show()
		},
		"network": func(s *stand) {
			u := openSetup(s, model.PageNetwork)
			s.state.Setup.Network.Report = tested()
			u.update()
		},
		"removal": func(s *stand) {
			s.host()
			s.show()
			r := panel.NewRemoval(s.book, "Alan", true, func() {})
			kit.AskQuestion(s.win.Canvas(), r.Question(), func() {}, func() {})
		},
	}
}

// chineseFont is the one that the Chinese images are drawn with; scripts/deps.sh test
// installs it.
const chineseFont = "wenquanyimicrohei"

// hasChineseFont reports whether Fyne would take it.
func hasChineseFont() bool {
	fonts := fontscan.NewFontMap(log.New(io.Discard, "", 0))
	if fonts.UseSystemFonts("") != nil {
		return false
	}
	fonts.SetQuery(fontscan.Query{Families: []string{fontscan.SansSerif}})
	face := fonts.ResolveFace('中')
	if face == nil {
		return false
	}
	family, _ := fonts.FontMetadata(face.Font)
	return family == chineseFont
}

// The screens speak German and Chinese.
func TestLanguages(t *testing.T) {
	drawsMuch(t)
	for _, code := range []string{"de", "zh"} {
		for name, prepare := range inLanguages() {
			t.Run(name+"-"+code, func(t *testing.T) {
				if code == "zh" && !hasChineseFont() {
					t.Skip("WenQuanYi Micro Hei is missing; runs on machines that scripts/deps.sh has prepared")
				}
				s := newStandIn(t, code, narrow, fynetheme.VariantDark)
				prepare(s)
				s.golden(name + "-" + code)
			})
		}
	}
}

// phoneScreens have an image in the narrowest window, in German, whose words are longest.
func phoneScreens() map[string]func(*stand) {
	return map[string]func(*stand){
		"lobby": inLanguages()["lobby"],
		"room": func(s *stand) {
			s.enter(3)
			s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
			s.show()
		},
		"chat": func(s *stand) {
			s.talk()
			s.show()
		},
		"farewell": inLanguages()["farewell"],
		"settings": func(s *stand) {
			s.apply(previewOn()...)
			openSetup(s, model.PageDevices)
		},
		"removal": inLanguages()["removal"],
	}
}

// Windows of 320 points are whole. TestTextsFitInEveryLanguage looks at the words.
func TestNarrowWindows(t *testing.T) {
	drawsMuch(t)
	for name, prepare := range phoneScreens() {
		t.Run(name, func(t *testing.T) {
			s := newStandIn(t, "de", fyne.NewSize(320, 568), fynetheme.VariantDark)
			prepare(s)
			s.golden("narrow-" + name)
		})
	}
}

// narrowest are the smallest windows in which words are looked at, in every language:
// tall ones, so that what scrolls is in view as well.
func narrowest() []fyne.Size {
	return []fyne.Size{narrow, fyne.NewSize(phone.Width, 1400), fyne.NewSize(MinSize().Width, 1400)}
}

// Every text and every button fits into these windows, in every language.
func TestTextsFitInEveryLanguage(t *testing.T) {
	drawsMuch(t)
	for _, l := range words.Languages() {
		for _, set := range [][]screen{lobbyScreens(), roomScreens(), panelScreens(), farewellScreens()} {
			for _, sc := range set {
				if sc.name == "preview" {
					continue // the name of a recent room is cut on purpose
				}
				for _, size := range narrowest() {
					t.Run(fmt.Sprintf("%s-%s-%.0f", sc.name, l.Code, size.Width), func(t *testing.T) {
						s := newStandIn(t, l.Code, size, fynetheme.VariantDark)
						sc.prepare(s)
						s.root.Update(s.state, s.form, s.now)
						s.nothingIsCut(s.root.Content)
						s.buttonsFit(s.root.Content)
					})
				}
			}
		}
	}
}

// So do the sheets and questions that lie over it.
func TestSheetsFitInEveryLanguage(t *testing.T) {
	drawsMuch(t)
	for _, l := range words.Languages() {
		sheets := map[string]func(*stand){}
		for _, page := range model.Pages() {
			sheets[fmt.Sprintf("settings %d", page)] = func(s *stand) {
				s.win.Resize(fyne.NewSize(s.win.Canvas().Size().Width, 2000)) // what scrolls is in view as well
				s.apply(previewOn()...)
				openSetup(s, page)
			}
		}
		for name, open := range map[string]func(*stand){
			"shortcuts": func(s *stand) {
				ShowShortcuts(s.win.Canvas(), s.book, []settings.Key{{Key: s.book.Key("Ctrl+Shift+PgDn"), Text: s.book.T("keys.enlarge")}}, func() {})
			},
			"share": func(s *stand) { ShowShareChoice(s.win.Canvas(), s.book, s.act) },
			"remove": func(s *stand) {
				kit.AskQuestion(s.win.Canvas(), panel.NewRemoval(s.book, "Alan", false, func() {}).Question(), func() {}, func() {})
			},
			"ban": func(s *stand) {
				kit.AskQuestion(s.win.Canvas(), panel.NewRemoval(s.book, "Alan", true, func() {}).Question(), func() {}, func() {})
			},
			"end": func(s *stand) {
				kit.Ask(s.win.Canvas(), s.book.T("dialog.end.title", "room", "Design review"), s.book.T("dialog.end.text", "people", s.book.People(12)), s.book.T("dialog.end.yes"), s.book.T("dialog.end.no"), func() {}, func() {})
			},
			"switch": func(s *stand) {
				kit.Ask(s.win.Canvas(), s.book.T("dialog.switch.title", "there", "Design review"), s.book.T("dialog.switch.text", "here", "Standup"), s.book.T("dialog.switch.yes"), s.book.T("dialog.switch.no"), func() {}, func() {})
			},
		} {
			sheets[name] = open
		}
		for name, open := range sheets {
			for _, size := range narrowest() {
				t.Run(fmt.Sprintf("%s-%s-%.0f", name, l.Code, size.Width), func(t *testing.T) {
					s := newStandIn(t, l.Code, size, fynetheme.VariantDark)
					s.host()
					s.root.Update(s.state, s.form, s.now)
					open(s)
					over := s.win.Canvas().Overlays().Top()
					s.nothingIsCut(over)
					s.buttonsFit(over)
				})
			}
		}
	}
}

// Names that are written from right to left stand where the sentence has them: a line
// that mixes both directions says where it begins, and the name is isolated in it.
func TestNamesFromRightToLeft(t *testing.T) {
	for _, l := range words.Languages() {
		s := newStandIn(t, l.Code, normal, fynetheme.VariantDark)
		s.enter(2)
		s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
		for _, name := range []string{"محمد علي", "עדה לאבלייס"} {
			s.apply(call.ParticipantJoined{Participant: call.Participant{Identity: call.Identity(name), SID: call.SID(name), Name: name}})
		}
		s.apply(call.QualityChanged{ID: "ada", Quality: call.QualityPoor})
		s.state.Room.Title = "محمد Design"
		mixed := 0
		look := func(o fyne.CanvasObject) {
			uitest.Walk(o, func(o fyne.CanvasObject) {
				text, ok := o.(*canvas.Text)
				if !ok || !call.RightToLeft(text.Text) || !strings.ContainsFunc(text.Text, leftToRight) {
					return
				}
				mixed++
				if !strings.HasPrefix(text.Text, "\u200e") {
					t.Errorf("%s: %q does not say where it begins", l.Code, text.Text)
				}
				if name := strings.Index(text.Text, "محمد علي"); name >= 0 && !strings.HasSuffix(text.Text[:name], "\u2068") {
					t.Errorf("%s: the name in %q is not isolated", l.Code, text.Text)
				}
			})
		}
		s.root.Update(s.state, s.form, s.now)
		look(s.root.Content) // toasts and tiles
		s.state.Open(model.PanelChat)
		s.said("a", "محمد علي", "مرحبا hello", 0)
		s.root.Update(s.state, s.form, s.now)
		look(s.root.Content)
		s.state.Open(model.PanelPeople)
		s.root.Update(s.state, s.form, s.now)
		look(s.root.Content)
		kit.AskQuestion(s.win.Canvas(), panel.NewRemoval(s.book, "محمد علي", true, func() {}).Question(), func() {}, func() {})
		look(s.win.Canvas().Overlays().Top())
		if mixed < 8 {
			t.Errorf("%s: only %d lines are mixed", l.Code, mixed)
		}
	}
}

func leftToRight(r rune) bool { return unicode.IsLetter(r) && !call.RightToLeft(string(r)) }

// buttonsFit looks at every control that has a name: it is as large as its words need,
// inside of the window, and lies on no other one.
func (s *stand) buttonsFit(o fyne.CanvasObject) {
	s.t.Helper()
	type place struct {
		name string
		at   fyne.Position
		size fyne.Size
	}
	var all []place
	window := s.win.Canvas().Size()
	uitest.Walk(o, func(o fyne.CanvasObject) {
		named, ok := o.(interface{ Name() string })
		if !ok {
			return
		}
		p := place{named.Name(), fyne.CurrentApp().Driver().AbsolutePositionForObject(o), o.Size()}
		if m := o.MinSize(); m.Width > p.size.Width+1 || m.Height > p.size.Height+1 {
			s.t.Errorf("the button %q needs %v and has %v", p.name, m, p.size)
		}
		if p.at.X < 0 || p.at.X+p.size.Width > window.Width+1 {
			s.t.Errorf("the button %q lies outside at %v", p.name, p.at)
		}
		for _, q := range all {
			if p.at.X+1 < q.at.X+q.size.Width && q.at.X+1 < p.at.X+p.size.Width &&
				p.at.Y+1 < q.at.Y+q.size.Height && q.at.Y+1 < p.at.Y+p.size.Height {
				s.t.Errorf("the buttons %q and %q lie on each other", p.name, q.name)
			}
		}
		all = append(all, p)
	})
}
