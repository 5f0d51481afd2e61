package ui

import (
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/view"
	"foyer/ui/words"
)

// SetLanguage lets the window speak the language of that code from now on, or with
// an empty one that of the system. The stay goes on: the view is built anew around
// the same state.
func (a actions) SetLanguage(code string) {
	if code == a.set.Language {
		return
	}
	a.set.Language = code
	a.save()
	a.speak(a.chooseBook())
}

// chooseBook opens the book of the language that was chosen, else of the system's;
// where nothing can draw it the English one, and says so.
func (u *UI) chooseBook() *words.Book {
	book := words.Choose(u.set.Language, u.cfg.Locales)
	u.setup.noFont = ""
	if l := book.Language(); !u.cfg.Glyphs(l.Name) {
		u.state.Notify(model.Notice{At: u.cfg.Now(), Kind: model.NoticeNoFont, Name: l.Code})
		u.setup.noFont = l.Code
		return words.English()
	}
	return book
}

// speak builds the view of another book.
func (u *UI) speak(book *words.Book) {
	// What lies over the window gives the keyboard back to what is below, while
	// that is still there. The choice of a screen comes back with the refresh.
	shortcuts, rules := u.sheets.shortcuts != nil, u.sheets.rules != nil
	if shortcuts {
		u.closeShortcuts()
	}
	ruling{u}.CloseRules()
	u.sheets.invite.Close()
	menus{u}.close()
	u.closeQuestion()
	if u.sheets.share != nil {
		u.sheets.share.Close()
		u.sheets.share = nil
	}
	if u.sheets.settings != nil { // it comes back as well
		u.sheets.settings.Close()
		u.sheets.settings = nil
	}
	u.book = book
	u.teachFyne()
	before := u.root
	before.Painter.Stop()
	u.root = u.newRoot()
	u.root.TakeOver(before)
	u.win.SetContent(u.root.Content)
	if u.running && !u.outside.hidden {
		u.root.Painter.Start()
	}
	u.refresh()
	if rules {
		ruling{u}.toggle()
	}
	if shortcuts {
		actions{u}.Shortcuts()
	}
}

// teachFyne gives fields the words of the book.
func (u *UI) teachFyne() {
	if err := kit.TeachFields(u.book); err != nil {
		u.cfg.Log.WithError(err).Warn("fields have their menu in another language")
	}
}

func (u *UI) newRoot() *view.Root {
	root := view.New(u.book, settingUp{u.presses, u.around}, u.cfg.Now)
	root.Attach(u.tick, u.cfg.Voice)
	return root
}
