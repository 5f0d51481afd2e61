package ui

import (
	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/view/panel"
)

// OpenPanel opens the panel beside the stage, or closes it.
func (a actions) OpenPanel(p model.Panel) {
	if !a.state.InRoom() || p == a.state.Panel {
		return
	}
	a.state.Open(p)
	a.asksFor(a.state.Panel)
	a.refresh()
}

// TogglePanel opens a panel, or closes it if it is open.
func (a actions) TogglePanel(p model.Panel) {
	if a.state.Panel == p || a.state.Panel == model.PanelBans && p == model.PanelPeople {
		p = model.PanelNone
	}
	a.OpenPanel(p)
}

// focusPanel puts the keyboard into a panel that was opened.
func (u *UI) focusPanel() {
	switch target := u.root.PanelFocus(); {
	case u.question != nil:
	case target == nil:
		u.win.Canvas().Unfocus()
	default:
		u.win.Canvas().Focus(target)
	}
}

// pressPanel opens or closes a panel by its key, which is not typed there.
func (a actions) pressPanel(p model.Panel) {
	a.TogglePanel(p)
	if e, ok := a.win.Canvas().Focused().(*kit.Entry); ok {
		e.SkipKey()
	}
}

// SetDraft takes over what is typed into the chat.
func (a actions) SetDraft(text string) {
	a.state.SetDraft(text)
	a.refresh()
}

// Say sends the draft. What cannot be sent stays where it is, with the reason.
func (a actions) Say() {
	text := a.state.Chat.Message()
	if text == "" || !a.state.InRoom() || a.state.Engine == call.StateLeaving {
		return
	}
	if err := a.cfg.Do(engine.SendChat{Text: text}); err != nil {
		a.state.RefuseChat(err)
	} else {
		a.state.Say(text, a.cfg.Now())
	}
	a.refresh()
}

// ReadChat records whether the end of the chat is in view.
func (a actions) ReadChat(end bool) {
	a.state.Read(end)
	a.cfg.Dispatch(a.refresh) // a list that is being laid out asks
}

// Copy puts a text on the clipboard.
func (a actions) Copy(text string) { a.cfg.Clipboard.SetContent(text) }

// OpenLink shows where a link leads, and opens it if the user wants that.
func (a actions) OpenLink(l model.Link) {
	a.askAbout("", panel.LinkQuestion(a.book, l), func() {
		if err := a.cfg.OpenURL(l.URL); err != nil {
			a.state.Refuse("link", call.SourceUnknown, err, a.cfg.Now())
			a.refresh()
		}
	})
}
