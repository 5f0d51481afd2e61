package ui

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit/prose"
	"foyer/ui/model"
	"foyer/ui/uitest"
)

var grace = call.Participant{Identity: "u-grace", SID: "PA_g", Name: "Grace"}

// inRoom is a bench in a room with Grace, as somebody of that role.
func inRoom(t *testing.T, role call.Role) *bench {
	t.Helper()
	b := newBench(t, Settings{Name: "Ada", Asked: true}, "")
	b.join(invite("r-1"), ada, grace)
	b.events(call.RulesChanged{Standing: call.Standing{Role: role}})
	b.engine.take()
	return b
}

// press types a key where the keyboard is.
func (b *bench) press(k fyne.KeyName) {
	b.t.Helper()
	c := b.ui.win.Canvas()
	if f := c.Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: k})
	} else {
		c.OnTypedKey()(&fyne.KeyEvent{Name: k})
	}
	if f := c.Focused(); f != nil && len(k) == 1 { // its character follows
		f.TypedRune(rune(strings.ToLower(string(k))[0]))
	}
}

// write types text where the keyboard is.
func (b *bench) write(text string) {
	b.t.Helper()
	f := b.ui.win.Canvas().Focused()
	if f == nil {
		b.t.Fatal("nothing has the keyboard")
	}
	for _, r := range text {
		f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUnknown})
		f.TypedRune(r)
	}
}

// reads reports whether a message is on the screen.
func (b *bench) reads(text string) bool {
	found := false
	uitest.Walk(b.ui.win.Content(), func(o fyne.CanvasObject) {
		if p, ok := o.(*prose.Prose); ok && p.Text() == text {
			found = true
		}
	})
	return found
}

func (b *bench) hears(id, text string) {
	b.events(call.ChatReceived{Message: call.ChatMessage{ID: id, From: grace.Identity, Name: "Grace", Text: text, At: b.now}})
}

func TestChatByKeyboard(t *testing.T) {
	b := inRoom(t, call.RoleParticipant)
	b.hears("1", "Can you read this?")
	if b.find("1 new message") == nil || b.reads("Can you read this?") {
		t.Error("the button does not tell of a message")
	}
	b.press(fyne.KeyC)
	if !b.reads("Can you read this?") || b.find("1 new message") != nil {
		t.Error("the open chat does not show what was said")
	}
	b.write("Yes, I can")
	b.press(fyne.KeyReturn)
	b.want(engine.SendChat{Text: "Yes, I can"})
	if !b.reads("Yes, I can") || b.ui.state.Chat.Draft != "" {
		t.Error("what we said is not shown")
	}
	b.press(fyne.KeyReturn) // nothing is nothing
	b.want()
	b.write("half")
	b.press(fyne.KeyEscape)
	if b.ui.state.Panel != model.PanelNone || b.reads("Yes, I can") {
		t.Error("Escape does not close the panel")
	}
	b.press(fyne.KeyM) // a key of the window again
	b.want(engine.Publish{Source: call.SourceMicrophone})
	b.tap("Chat")
	b.write(" a line")
	b.press(fyne.KeyReturn)
	b.want(engine.SendChat{Text: "half a line"})
}

// What cannot be sent stays in the box, with the reason beside it.
func TestChatThatFails(t *testing.T) {
	b := inRoom(t, call.RoleParticipant)
	b.tap("Chat")
	b.engine.refuse["chat"] = call.ErrChatTooFast
	b.write("hello")
	b.press(fyne.KeyReturn)
	if b.ui.state.Chat.Draft != "hello" || !b.says("Too many messages at once. Wait a moment") || b.reads("hello") {
		t.Error("a refused message is lost, or nothing says why")
	}
	delete(b.engine.refuse, "chat")
	b.press(fyne.KeyReturn)
	b.want(engine.SendChat{Text: "hello"})
	if b.says("Too many messages") {
		t.Error("the failure is still said")
	}
	b.write("more")
	b.events(call.CommandFailed{Command: "chat", Text: "hello", Err: call.ErrServerSilent})
	if b.ui.state.Chat.Draft != "hello\nmore" || !b.says("Your message was not sent") {
		t.Errorf("the draft is %q", b.ui.state.Chat.Draft)
	}
	b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant, Muted: true}})
	if !b.says("The host muted you. You can still read.") {
		t.Error("nothing says in place that we are muted")
	}
	b.press(fyne.KeyReturn)
	b.want() // whatever has the keyboard now, it sends nothing
	b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant}})
	if b.ui.state.Chat.Draft != "hello\nmore" {
		t.Error("being muted cost what was typed")
	}
}

// A link is opened only after a question that says where it leads.
func TestLinksAreShownBeforeTheyOpen(t *testing.T) {
	b := inRoom(t, call.RoleParticipant)
	var opened []string
	fails := error(nil)
	b.ui.cfg.OpenURL = func(u *url.URL) error {
		opened = append(opened, u.String())
		return fails
	}
	b.tap("Chat")
	text := "https://bank.example@evil.example/login"
	open := func() { actions{b.ui}.OpenLink(model.Links(text)[0]) }
	open()
	if !b.says("It leads to evil.example") || !b.says(text) {
		t.Error("the question does not say where the link leads")
	}
	b.press(fyne.KeyReturn) // nobody has read it yet
	open()
	b.press(fyne.KeyEscape)
	if len(opened) != 0 {
		t.Fatalf("opened %q unasked", opened)
	}
	open()
	b.tap("Open")
	if len(opened) != 1 || opened[0] != text {
		t.Errorf("opened %q", opened)
	}
	fails = errors.New("no browser")
	open()
	b.tap("Open")
	if !b.says("no browser") {
		t.Error("that the link could not be opened is not told")
	}
	open()
	b.events(call.Left{Reason: call.ReasonRemoved})
	if b.says("It leads to") {
		t.Error("the question outlives the stay")
	}
}

func TestHostInThePeoplePanel(t *testing.T) {
	b := inRoom(t, call.RoleHost)
	b.press(fyne.KeyP)
	b.want(engine.Moderate{Op: call.OpMembers})
	b.events(call.Moderated{Op: call.OpMembers, Members: []call.MemberRow{{ID: grace.Identity, Role: call.RoleParticipant}}})
	menu := func(item string) {
		t.Helper()
		b.tap("What you can do with Grace")
		b.tap(item)
	}
	menu("Mute")
	b.want(engine.Moderate{Op: call.OpMute, IDs: []call.Identity{grace.Identity}})
	muted := grace
	muted.Muted = true
	b.events(call.ParticipantUpdated{Participant: muted})
	if !b.says("Muted by a host") {
		t.Error("the list does not tell who is muted")
	}
	menu("Let them speak again")
	b.want(engine.Moderate{Op: call.OpUnmute, IDs: []call.Identity{grace.Identity}})
	menu("Make co-host")
	b.want(engine.Moderate{Op: call.OpRole, IDs: []call.Identity{grace.Identity}, Role: call.RoleCoHost})
	b.events(call.Moderated{Op: call.OpRole, Results: []call.PersonResult{{ID: grace.Identity, Result: call.ResultDone}}})
	b.ui.root.Tick(b.now)
	b.want(engine.Moderate{Op: call.OpMembers}) // who has which role now
	b.events(call.Moderated{Op: call.OpMembers, Members: []call.MemberRow{{ID: grace.Identity, Role: call.RoleCoHost}}})
	if !b.says("Co-host") {
		t.Error("the list does not tell who is a co-host")
	}
	b.events(call.CommandFailed{Command: "role", Err: call.ErrForbidden})
	if !b.says("Nobody’s role was changed") {
		t.Error("a failure is not told")
	}
}

// Removing and banning by the keyboard alone: the list, the menu, the text, the
// box, the answer.
func TestRemoveByKeyboard(t *testing.T) {
	b := inRoom(t, call.RoleHost)
	b.press(fyne.KeyP)
	b.engine.take()
	b.press(fyne.KeyDown)   // ourselves
	b.press(fyne.KeyReturn) // nobody moderates themselves
	b.press(fyne.KeyDown)   // Grace
	openItem := func(n int) {
		b.press(fyne.KeyReturn)
		for range n {
			b.press(fyne.KeyDown)
		}
		b.press(fyne.KeyReturn)
	}
	openItem(5) // silent for us, mute, three roles, remove
	if !b.says("Remove Grace?") {
		t.Fatal("there is no question")
	}
	b.want()
	b.write("wrong meeting")
	b.press(fyne.KeyReturn) // goes on to the box, and does nothing else
	b.want()
	b.press(fyne.KeySpace)
	b.ui.win.Canvas().FocusNext()
	b.ui.win.Canvas().FocusNext()
	b.press(fyne.KeyReturn)
	b.want(engine.Moderate{Op: call.OpRemove, IDs: []call.Identity{grace.Identity}, Text: "wrong meeting", Tell: true})
	b.ui.win.Canvas().Focus(b.ui.root.PanelFocus())
	openItem(6)
	if !b.says("Ban Grace?") {
		t.Fatal("there is no question")
	}
	b.press(fyne.KeyEscape)
	if b.says("Ban Grace?") {
		t.Error("Escape does not take the question away")
	}
	b.want()
}

func TestBan(t *testing.T) {
	b := inRoom(t, call.RoleHost)
	b.press(fyne.KeyP)
	for choice, want := range map[string]time.Duration{"10 minutes": 10 * time.Minute, "1 hour": time.Hour, "Until lifted": 0} {
		actions{b.ui}.Ban(grace.Identity)
		b.tap(choice)
		b.engine.take()
		b.tap("Ban")
		b.want(engine.Moderate{Op: call.OpBan, IDs: []call.Identity{grace.Identity}, For: want})
	}
	// A text that is too long is said, and not lost.
	actions{b.ui}.Ban(grace.Identity)
	b.clip.SetContent(strings.Repeat("x", call.MaxText))
	text := b.ui.win.Canvas().Focused()
	text.(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutPaste{Clipboard: b.clip})
	test.Type(text, "x")
	b.tap("Ban")
	b.want()
	if !b.says("The text is too long") {
		t.Error("nothing says that the text is too long")
	}
	// The person it is about goes, and the question with them.
	b.events(call.ParticipantLeft{Participant: grace, Reason: call.ReasonLeft})
	if b.says("Ban Grace?") {
		t.Error("the question is about somebody who has gone")
	}
	b.tap("Banned people")
	b.want(engine.Moderate{Op: call.OpBans})
	b.events(call.Moderated{Op: call.OpBans, Bans: []call.BanRow{{ID: "eve", Name: "Eve", Text: "spam"}}})
	if !b.says("Eve") || !b.says("banned until lifted: “spam”") {
		t.Error("the ban is not listed")
	}
	b.tap("Lift the ban")
	b.want(engine.Moderate{Op: call.OpUnban, IDs: []call.Identity{"eve"}})
	b.events(call.Moderated{Op: call.OpUnban})
	b.ui.root.Tick(b.now)
	b.want(engine.Moderate{Op: call.OpBans})
	b.events(call.Moderated{Op: call.OpBans})
	if !b.says("Nobody is banned") {
		t.Error("a lifted ban stays")
	}
}

// A guest has the list, and nothing to do to anybody but to hear them otherwise; the
// door is not asked what it would refuse.
func TestGuestInThePeoplePanel(t *testing.T) {
	b := inRoom(t, call.RoleParticipant)
	b.press(fyne.KeyP)
	b.want()
	if !b.says("Grace") || b.find("Banned people") != nil {
		t.Error("a guest sees the tools of a host, or no list")
	}
	b.tap("What you can do with Grace")
	if b.find("Mute for me") == nil || b.find("Remove") != nil || b.find("Make") != nil {
		t.Error("a guest has the menu of a host, or none")
	}
	test.Tap(b.find("Mute for me"))
	b.want(engine.SetVolume{ID: grace.Identity, Percent: 0})
	b.ui.win.Canvas().Unfocus()
	b.press(fyne.KeyP)
	if b.ui.state.Panel != model.PanelNone {
		t.Error("P does not close the panel")
	}
}

// A menu or a panel that is open when the stay ends is gone with it.
func TestNothingOfThePanelOutlivesTheStay(t *testing.T) {
	b := inRoom(t, call.RoleHost)
	b.press(fyne.KeyP)
	b.tap("What you can do with Grace")
	b.events(call.Left{Reason: call.ReasonRemoved, Stayed: time.Minute})
	if n := len(b.ui.win.Canvas().Overlays().List()); n != 0 || b.ui.win.Canvas().Focused() != nil {
		t.Errorf("%d overlays over the farewell", n)
	}
	b.press(fyne.KeyC)
	if b.ui.state.Panel != model.PanelNone {
		t.Error("the farewell has a panel")
	}
}
