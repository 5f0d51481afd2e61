package ui

import (
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/around"
	"foyer/ui/desk"
	"foyer/ui/model"
	"foyer/ui/report"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// setup is what the window knows of its settings, beside what they are.
type setup struct {
	*UI
	testing   bool      // a device is tested
	listed    time.Time // when the devices were listed for them
	asked     time.Time // when the call was measured
	faults    report.Faults
	forgotten []Recent // the rooms of before some were taken off the list; nil: none were
	unsaved   bool     // it was said that they cannot be saved
	noFont    string   // code of the language that was chosen, but that nothing can draw
}

// OpenSettings implements settings.Actions. A question is answered first.
func (a actions) OpenSettings(p model.Page) {
	if a.question != nil || a.state.Screen == model.ScreenFarewell {
		return
	}
	if p != model.PageNone {
		a.closeShortcuts()
		menus(a).close()
		ruling(a).CloseRules()
		if a.state.Share != nil {
			a.CancelShare()
		}
	}
	a.state.Setup.Show(p)
	a.refresh()
}

func (a actions) pressSetup() {
	if a.state.Setup.Open() {
		a.OpenSettings(model.PageNone)
	} else {
		a.OpenSettings(model.PageDevices)
	}
}

// closeSettings takes the settings away when they are over, before what lies below
// them is shown: it gets the frames back.
func (u *setup) closeSettings() {
	if u.state.Setup.Open() || u.sheets.settings == nil {
		return
	}
	u.closeShortcuts() // over them
	u.sheets.settings.Close()
	u.sheets.settings = nil
}

// showSettings shows them as they are.
func (u *setup) showSettings() {
	if !u.state.Setup.Open() {
		return
	}
	if u.sheets.settings == nil {
		u.sheets.settings = u.root.ShowSettings(u.win.Canvas(), settingUp{u.presses, u.around}, u.program())
	}
	u.sheets.settings.Update(u.state, u.setupForm(), u.cfg.Now())
}

func (u *setup) program() settings.Program {
	p := u.cfg.Program
	p.Keys, p.Languages = u.keyList(), words.Languages()
	return p
}

func (u *setup) setupForm() settings.Form {
	f := settings.NewForm(u.set)
	f.NoFont, f.LinksHere = u.noFont, u.around.Registered()
	return f
}

// listEvery is how often the devices are listed while somebody chooses among them.
const listEvery = 5 * time.Second

// measureEvery is how often the call is measured while somebody looks at its numbers.
const measureEvery = 2 * time.Second

func (u *setup) tickSettings(now time.Time) {
	if u.sheets.settings == nil {
		return
	}
	u.sheets.settings.Tick(u.state, now)
	if u.state.Setup.Page == model.PageDevices && !u.testing && now.Sub(u.listed) >= listEvery {
		u.list()
	}
	if u.state.Setup.Page == model.PageNetwork && u.state.InRoom() && now.Sub(u.asked) >= measureEvery {
		u.asked = now
		_ = u.cfg.Do(engine.Stats{}) // refused while we reconnect: then nothing is known
	}
}

func (u *setup) list() {
	u.listed = u.cfg.Now()
	u.do(engine.RefreshDevices{}, call.SourceUnknown)
}

// settingUp is what the pages of the settings report, and the lobby of newer releases.
type settingUp struct {
	presses
	*around.Around
}

// TestDevice implements settings.Actions.
func (a settingUp) TestDevice(source call.Source) {
	if t := a.state.Setup.Test; t.Running() && t.Source == source {
		a.setup.stopTest()
	} else if a.do(engine.TestDevice{Source: source, Device: a.set.Device(source)}, source) {
		a.setup.testing = true
	}
	a.refresh()
}

func (u *setup) stopTest() {
	u.testing = false
	u.do(engine.StopTest{}, call.SourceUnknown)
}

// settleTest ends a test that nobody sees any more.
func (u *setup) settleTest() {
	if u.testing && (u.state.Setup.Page != model.PageDevices || u.outside.hidden) {
		u.stopTest()
	}
}

// TryCamera implements settings.Actions: it shows a camera that is off, to ourselves.
func (a settingUp) TryCamera(on bool) {
	delete(a.state.Trouble, call.SourceCamera)
	a.state.Setup.Try = on && a.state.Setup.Page == model.PageDevices
	a.refresh()
}

// SetChoice implements settings.Actions.
func (a settingUp) SetChoice(c settings.Choice) {
	before := a.set
	c.Save(&a.set)
	a.save()
	a.setup.tell(before)
	if c.Theme != before.Theme || c.Text != before.Text || c.Still != before.Still {
		a.cfg.App.Settings().SetTheme(a.set.Look(a.cfg.Theme))
	}
	if c.Language != before.Language {
		a.SetLanguage(c.Language)
	}
	a.refresh()
}

func (u *setup) tell(before Settings) {
	if u.set.SendHeight != before.SendHeight || u.set.AudioOnly != before.AudioOnly {
		u.state.Setup.AudioOnly = u.set.AudioOnly
		u.do(engine.SetQuality{SendHeight: u.set.SendHeight, AudioOnly: u.set.AudioOnly}, call.SourceUnknown)
	}
	if u.set.Voice != before.Voice {
		u.do(engine.SetVoice{Voice: u.set.Voice}, call.SourceUnknown)
	}
}

// TryNotification implements settings.Actions.
func (a settingUp) TryNotification() {
	a.outside.told = true // coming back takes it away
	a.cfg.Desktop.Notify(desk.Note{
		Title: a.book.T("app.name"), Text: a.book.T("settings.notify_tried"), Open: a.book.T("desk.open"),
	})
}

// CopyReport implements settings.Actions.
func (a settingUp) CopyReport() {
	a.cfg.Clipboard.SetContent(report.Window(a.cfg.Program.Version, a.state, a.set, a.setup.faults, a.cfg.Now()))
	if a.sheets.settings != nil {
		a.sheets.settings.ReportCopied()
	}
}
