package view

import "foyer/ui/model"

// Suspend stops all that moves, and tells that no remote video is shown: nobody
// sees the window. Called again, it tells so of what has come since.
func (r *Root) Suspend(s *model.State) {
	r.state = s
	r.Painter.Stop()
	r.lobby.pause()
	r.room.stage.suspend(s)
}

// Resume goes on with it. The next Update shows what has become of everything.
func (r *Root) Resume() { r.Painter.Start() }

// suspend shows no frames any more. The tiles stay, for when they are seen again.
func (s *stage) suspend(state *model.State) {
	for _, tile := range s.tiles {
		tile.SetSlot(nil)
	}
	s.tellShown(state, nil)
}
