package ui

import (
	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/view"
	"foyer/ui/view/invitation"
	"foyer/ui/view/rules"
	"foyer/ui/view/settings"
)

// sheets are the cards that may lie over the window.
type sheets struct {
	share     *view.ShareChoice // nil: closed
	looks     bool              // a screen is open, or opening, only for the choice
	shortcuts *kit.Sheet        // nil: closed
	menu      menu              // of the bar
	rules     *rules.Menu       // the room menu; nil: closed
	settings  *settings.Sheet   // nil: closed
	invite    invitation.Sheet
}

// Share implements view.ShareActions.
func (a actions) Share() {
	switch {
	case !a.state.InRoom() || a.state.Engine == call.StateLeaving:
		return
	case a.state.Share != nil:
		a.CancelShare()
		return
	case a.state.Screens.Sharing():
		a.stopSharing()
	case a.state.Standing.Listens():
		a.state.Refuse(engine.Publish{}.Word(), call.SourceScreen, call.ErrListener, a.cfg.Now())
	default:
		a.closeShortcuts()
		ruling(a).CloseRules()
		a.state.Setup.Show(model.PageNone)
		if a.state.Screens.OpenShare() {
			a.do(engine.RefreshDevices{}, call.SourceUnknown)
		}
	}
	a.refresh()
}

func (u *UI) stopSharing() {
	if u.do(engine.Unpublish{Source: call.SourceScreen}, call.SourceScreen) {
		u.state.Ask(call.SourceScreen, false)
	}
}

// PickScreen implements view.ShareActions.
func (a actions) PickScreen(id string) {
	if a.state.Share == nil || a.state.Share.Picked != "" {
		return
	}
	a.state.Screens.PickScreen(id)
	if a.do(engine.Publish{Source: call.SourceScreen, Device: id}, call.SourceScreen) {
		a.sheets.looks = false // what is open is shared now, or closed by the engine
	}
	a.refresh()
}

// CancelShare implements view.ShareActions.
func (a actions) CancelShare() {
	share := a.state.Share
	if share == nil {
		return
	}
	a.state.Screens.CloseShare()
	if share.Picked != "" {
		a.stopSharing()
	}
	a.refresh()
}

// settleShare looks at one screen after the other while the choice is open, each
// only until there is a frame of it, and shows the choice. No other place opens
// or closes a screen for the sake of it. Of a stay that ends, the engine closes it.
func (u *UI) settleShare(show bool) {
	if u.state.Screens.TakeImage() {
		u.stopLooking()
		show = true
	}
	if u.state.Share == nil {
		u.stopLooking()
	} else if id, ok := u.state.Screens.NextScreen(); ok && u.state.Engine == call.StateJoined && !u.outside.hidden {
		u.previews.Start(call.SourceScreen, id)
		u.sheets.looks = u.state.Opening[call.SourceScreen]
		show = true
	}
	if show {
		u.showShare()
	}
}

func (u *UI) stopLooking() {
	if !u.sheets.looks {
		return
	}
	u.sheets.looks = false
	if u.state.InRoom() && (u.state.Engine == call.StateJoined || u.state.Engine == call.StateReconnecting) {
		u.previews.Stop(call.SourceScreen)
	}
}

// showShare shows the choice as it is, or takes it away.
func (u *UI) showShare() {
	switch share := u.state.Share; {
	case share == nil && u.sheets.share != nil:
		u.sheets.share.Close()
		u.sheets.share = nil
	case share == nil:
	default:
		if u.sheets.share == nil {
			u.sheets.share = view.ShowShareChoice(u.win.Canvas(), u.book, u.presses)
		}
		u.sheets.share.Update(share, u.cfg.Now())
	}
}
