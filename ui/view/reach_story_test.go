package view

import (
	"testing"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/ui/model"
	"foyer/ui/view/invitation"
)

// TestReachLine: under the button that invites stands what the router says, until
// somebody has come in from outside.
func TestReachLine(t *testing.T) {
	s := newStand(t, fyne.NewSize(800, 560), fynetheme.VariantDark)
	near, far := "192.168.1.10:7843", "203.0.113.5:7843"
	room := func(state reach.RouterState, hosts ...string) model.Room {
		return model.Room{
			Hosting: true, Link: call.Link{Hosts: hosts, Room: "mine", Secret: "secret"},
			Router: reach.Router{State: state, Outside: far},
		}
	}
	for _, tt := range []struct {
		room model.Room
		want string
	}{
		{room(reach.Unasked, near), s.book.T("reach.network.line")},
		{room(reach.Silent, near), s.book.T("reach.network.line")},
		{room(reach.Asking, near), s.book.T("reach.asking.line")},
		{room(reach.Opened, far, near), s.book.T("reach.opened.line")},
		{room(reach.SharedAddress, near), s.book.T("reach.shared_address.line")},
		{
			room(reach.SharedAddress, near, "[2001:db8::7]:7843"),
			s.book.T("reach.ipv6.line", "text", s.book.T("reach.shared_address.line")),
		},
		{room(reach.Opened, "meet.example.org:7843", far, near), s.book.T("reach.internet.line")},
	} {
		if got := reachOf(s.book, tt.room); got != tt.want {
			t.Errorf("%s, %v: %q, not %q", tt.room.Router.State, tt.room.Link.Hosts, got, tt.want)
		}
		tt.room.Outside = "Grace"
		if got := reachOf(s.book, tt.room); got != s.book.T("reach.came", "name", "Grace") {
			t.Errorf("Grace has come: %q", got)
		}
	}
}

// TestInvitationGrows: an invitation that is shown follows its addresses, and goes with
// its room.
func TestInvitationGrows(t *testing.T) {
	s := newStand(t, fyne.NewSize(800, 560), fynetheme.VariantDark)
	var sheet invitation.Sheet
	link := call.Link{Hosts: []string{"192.168.1.10:7843"}, Room: "mine", Secret: "secret"}
	sheet.Show(s.win.Canvas(), s.book, link, func() {})
	sheet.Settle(link.String())
	link.Hosts = []string{"203.0.113.5:7843", "192.168.1.10:7843"}
	sheet.Settle(link.String())
	if !sheet.Open() || sheet.Link() != link.String() {
		t.Errorf("open %v with %q, not %q", sheet.Open(), sheet.Link(), link.String())
	}
	if n := len(s.win.Canvas().Overlays().List()); n != 1 {
		t.Errorf("%d sheets", n)
	}
	link.Secret = "another"
	sheet.Settle(link.String())
	if sheet.Open() {
		t.Error("it shows the link of another room")
	}
}
