package ui

import "foyer/ui/model"

// Enlarge implements view.StageActions.
func (a actions) Enlarge(key string) {
	a.state.Screens.Enlarge(key)
	a.refresh()
}

// Pin implements view.StageActions.
func (a actions) Pin(key string) {
	a.state.Screens.Pin(key)
	a.refresh()
}

// SetLayout implements view.StageActions.
func (a actions) SetLayout(l model.Layout) {
	a.state.Screens.SetLayout(l)
	a.set.Layout = l
	a.save()
	a.refresh()
}

// otherLayout goes from what is shown to the other layout.
func (a actions) otherLayout() {
	l := model.LayoutSpeaker
	if a.state.Screens.Arrange().Main != nil {
		l = model.LayoutGrid
	}
	a.SetLayout(l)
}

// HideSelf implements view.StageActions.
func (a actions) HideSelf(hide bool) {
	a.state.Stage.Hidden, a.set.SelfHidden = hide, hide
	a.save()
	a.refresh()
}

func (a actions) toggleSelf() { a.HideSelf(!a.state.Stage.Hidden) }

// TurnPage implements view.StageActions.
func (a actions) TurnPage(by int) {
	a.state.Screens.Turn(by)
	a.refresh()
}
