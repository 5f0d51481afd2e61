package talk

import (
	"fyne.io/fyne/v2"

	"foyer/ui/desk"
	"foyer/ui/model"
)

// Ask asks the desktop for the chosen key as long as it can be used: in a room, and
// where it is chosen, to see whether it works. Nobody else can use it meanwhile. says
// is what it does, in words.
func (k *Key) Ask(d desk.Desktop, chosen, says string) {
	s := k.w.State()
	var want desk.TalkKey
	if chosen != "" && !s.Setup.Choosing && !k.w.Closed() && (k.stays() || s.Setup.Page == model.PageKeys) {
		want = desk.TalkKey{Name: fyne.KeyName(chosen), Says: says}
	}
	if want.Name == k.asks.Name {
		return
	}
	s.Withdraw(model.NoticeTalkKey)
	k.asks, s.Talk.Reach = want, model.Reach{Key: string(want.Name)}
	if want.Name != "" {
		s.Talk.Reach.Stage = model.ReachAsking
	}
	d.Talk(want)
}

// Reached takes over where the key works. In a room, a key that does not work in
// every window must not be found out by speaking to nobody.
//
// A key that is held in Foyer's window is taken as released when the desktop gives
// it to us: its release does not come to the window any more.
func (k *Key) Reached(r desk.Reach) {
	s := k.w.State()
	if k.w.Closed() || k.asks.Name == "" || r.Key != string(k.asks.Name) {
		return // of a key that was chosen before
	}
	if r.Stage == desk.ReachEverywhere && k.by == here && k.name == k.asks.Name {
		k.end()
	}
	s.Talk.Reach = r
	s.Withdraw(model.NoticeTalkKey)
	if r.Stage == desk.ReachHere && k.stays() {
		s.Notify(model.Notice{At: k.w.Now(), Kind: model.NoticeTalkKey, Name: r.Key, Obstacle: r.Obstacle})
	}
	k.w.Refresh()
}

// Choose takes a key that was pressed to be chosen. ok is false for one that cannot
// be, which is said.
func (k *Key) Choose(name fyne.KeyName) (chosen string, ok bool) {
	setup := &k.w.State().Setup
	if !desk.IsTalkKey(name) {
		setup.Unfit = string(name)
		return "", false
	}
	setup.Choosing, setup.Unfit = false, ""
	return string(name), true
}
