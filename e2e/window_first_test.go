//go:build linux

package e2e

import (
	"slices"
	"strings"
	"testing"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/screenreader"
	"foyer/internal/testenv"
)

// newcomer is somebody who has never seen Foyer, and does what the controls are called.
type newcomer struct {
	*window
	*testenv.Access
	t *testing.T
}

// fills writes a text into a field.
func (n *newcomer) fills(field, text string) {
	n.t.Helper()
	if done, err := n.Find("entry", field).Write(n.t.Context(), text); err != nil || !done {
		n.t.Fatalf("nothing was written into %q: %v", field, err)
	}
}

// picks presses something that is no button.
func (n *newcomer) picks(role, name string) {
	n.t.Helper()
	if done, err := n.Find(role, name).Press(n.t.Context()); err != nil || !done {
		n.t.Fatalf("%q was not pressed: %v", name, err)
	}
}

// asks opens what can be done with somebody, and chooses from it.
func (n *newcomer) asks(about, what, dialog string) {
	n.t.Helper()
	n.Press("What you can do with " + about)
	n.Choose(what)
	n.Find("dialog", dialog)
}

// isBack waits until Bob has come after he was removed or banned.
func (n *newcomer) isBack(after string) {
	n.t.Helper()
	n.until("Bob is back", func() bool {
		said := n.Said()
		slices.Reverse(said)
		came, out := slices.Index(said, "Bob joined"), slices.Index(said, after)
		return came >= 0 && out > came
	})
}

// sharesTheScreen presses the first screen that is offered.
func (n *newcomer) sharesTheScreen() {
	n.t.Helper()
	n.Press("Share screen (S)")
	dialog := n.Find("dialog", "Share a screen")
	var offered screenreader.Control
	n.until("a screen is offered", func() bool {
		all := n.All()
		i := slices.IndexFunc(all, func(c screenreader.Control) bool {
			return c.Role == "button" && c.Name != "Cancel" && c.Within(dialog)
		})
		if i >= 0 {
			offered = all[i]
		}
		return i >= 0
	})
	if done, err := offered.Press(n.t.Context()); err != nil || !done {
		n.t.Fatalf("%q was not pressed: %v", offered.Name, err)
	}
}

// The whole of a first meeting, as a first-time user who hosts it finds the way, by
// what the controls are called: name, preview, start, invite; a guest in a browser comes
// in; chat both ways, hands, mute, share; the guest is removed with a text and comes
// back, is banned, is refused, and comes back once the ban is lifted; the room is
// locked; it ends for everyone, and the farewell is read out.
func TestWindowFirstMeeting(t *testing.T) {
	windows.takes(t)
	f := testenv.Foyer(t)
	bus, display := testenv.Bus(t), testenv.ManagedDisplay(t)
	reader := testenv.Reader(t, bus, display)
	fresh := map[string]any{"name": "", "preview_asked": false, "camera_on": false, "camera": smallFilm(t)}
	n := &newcomer{openWindowOn(t, f, display, "first", bus.Env(), fresh), reader, t}
	n.fills("Your name", "Ada")
	n.Press("Turn on camera preview")
	n.Press("Start a room")
	n.Find("button", "Leave (Ctrl+L)")
	n.shot("alone")
	n.Press("Copy invite link")
	link := ""
	n.until("the link is on the clipboard", func() bool {
		text, err := n.Clipboard(t.Context())
		link = text
		return err == nil && strings.HasPrefix(text, "foyer://")
	})

	bob := visit(t, f, nil, link, false)
	defer bob.secrets()
	bob.enters()
	n.Find("image", "Bob")
	n.talksWith(bob)
	n.removesAndBans(bob)
	n.endsIt(bob, link)
}

// talksWith goes on with the story: chat, hands, mute, share.
func (n *newcomer) talksWith(bob *visitor) {
	n.t.Helper()
	bob.clicks("#open-chat")
	bob.types("#chat-text", "is this on?")
	bob.clicks("#chat-send")
	n.Hears(func(s string) bool { return s == "Bob says: is this on?" })
	n.Press("1 new message (C)")
	n.fills("Write a message", "welcome, Bob")
	n.Press("Send (Enter)")
	bob.finds("#messages", "welcome, Bob")
	n.shot("chat")

	n.Press("Raise your hand (H)")
	bob.finds("#grid .tile:not(.own) .icon.hand", "")
	bob.clicks("#hand")
	n.Hears(beginning("Bob raised a hand"))
	n.Press("Lower your hand (H)")
	bob.lacks("#grid .tile:not(.own) .icon.hand")

	n.Press("Mute (M)")
	bob.finds("#grid .tile:not(.own) .icon.mic-off", "")
	n.Press("Unmute (M)")
	bob.lacks("#grid .tile:not(.own) .icon.mic-off")

	n.sharesTheScreen()
	n.Find("button", "Stop") // the window says that it is shared
	bob.finds("#grid .tile.screen video", "")
	bob.looks("first-sharing")
	n.shot("sharing")
	n.Press("Stop")
	bob.lacks("#grid .tile.screen")
}

// removesAndBans goes on: a removal, a ban, and its end.
func (n *newcomer) removesAndBans(bob *visitor) {
	n.t.Helper()
	n.Press("People (P)")
	n.asks("Bob", "Remove…", "Remove Bob?")
	n.fills("Tell Bob why (optional)", "wrong meeting, sorry")
	n.shot("removal")
	n.Press("Remove")
	bob.isTold(call.Left{Reason: call.ReasonRemoved, By: "Ada", Text: "wrong meeting, sorry", People: 2})
	bob.clicks(`[data-action="action.ask_rejoin"]`)
	n.isBack("Bob was removed")

	n.asks("Bob", "Ban…", "Ban Bob?")
	n.picks("radio button", "Until lifted")
	n.fills("Tell Bob why (optional)", "enough")
	n.Press("Ban")
	bob.isTold(call.Left{Reason: call.ReasonBanned, Text: "enough", People: 2})
	bob.clicks(`[data-action="action.lobby"]`, "#join")
	bob.isTold(call.Left{Reason: call.ReasonJoinFailed, Err: &call.BannedError{Text: "enough"}})
	n.Press("Banned people")
	n.shot("bans")
	n.Press("Lift the ban")
	n.Find("heading", "Nobody is banned")
	n.Press("Back to the list of people")
	bob.clicks(`[data-action="action.lobby"]`, "#join")
	n.Find("button", "What you can do with Bob")
}

// endsIt ends the story: nobody else comes in, and everybody goes.
func (n *newcomer) endsIt(bob *visitor, link string) {
	n.t.Helper()
	n.Press("Room menu (Ctrl+R)")
	n.picks("check box", "Lock the room")
	n.until("the room is locked", func() bool { return n.Find("check box", "Lock the room").Has(screenreader.StateChecked) })
	n.Press("Done")
	late := testenv.Join(n.t, drive.Foyer{Bin: n.command.Path, Work: n.command.Logs}, drive.JoinOptions{Link: link, Name: "Eve", ID: "eve"})
	if left := late.Await("left"); left.Text("message") != "You could not join. The room is locked. Ask the host to unlock it." {
		n.t.Errorf("a newcomer reads %q", left.Text("message"))
	}

	n.Press("More ways to leave")
	n.Choose("End for everyone")
	n.Find("dialog", "End “Ada’s room” for everyone?")
	n.shot("question")
	n.Press("End for everyone")
	bob.isTold(call.Left{Reason: call.ReasonDismissed, By: "Ada", People: 2})
	said := n.Hears(func(s string) bool { return strings.Contains(s, "closed the room for everyone") })
	for _, device := range []string{"Camera", "Microphone"} {
		if !strings.Contains(said, device+" released") {
			n.t.Errorf("the farewell says nothing of the %s: %q", device, said)
		}
	}
	n.Find("heading", strings.SplitN(said, "\n", 2)[0])
	n.shot("farewell")
	if !audioIsFree(n.t, n.pulse, n.PID) {
		n.t.Errorf("%d sound streams are open beside the farewell", n.holds())
	}
	must(n.t, n.CloseWindow(n.id()))
	if status := n.Ended(); status != 0 {
		n.t.Errorf("status %d", status)
	}
}
