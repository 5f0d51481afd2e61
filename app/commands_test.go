package app

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// doorLink is an invitation: only a door moderates.
var doorLink = call.Link{Hosts: []string{"127.0.0.1:1"}, Room: "next", Secret: "s"}.String()

func TestHeadlessChat(t *testing.T) {
	p := start(t, false, nil)
	p.await("joined", 1)
	said := time.UnixMilli(1_700_000_000_123)
	p.dialer.Last().Tell(call.ChatReceived{Message: call.ChatMessage{ID: "1", From: "bob", Name: "Bob", Text: "hi <b>\n", At: said}})
	if c := p.await("chat", 1)[0]; c["id"] != "1" || c["from"] != "bob" || c["text"] != "hi <b>\n" || c["history"] != false || c["ts"] != 1_700_000_000_123.0 {
		t.Errorf("chat %v", c)
	}
	p.send(`{"cmd":"chat","text":"hello"}`)
	if c := p.await("chat", 2)[1]; c["from"] != "ada" || c["text"] != "hello" {
		t.Errorf("chat %v", c)
	}
	p.dialer.Last().Tell(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant, Muted: true}})
	if r := p.await("rules", 1)[0]; r["muted"] != true || r["role"] != "participant" || r["chat_stored"] != true {
		t.Errorf("rules %v", r)
	}
	p.send(`{"cmd":"chat","text":"hello?"}`)
	if f := p.await("command_failed", 1)[0]; f["command"] != "chat" || f["error"] == "" {
		t.Errorf("failed %v", f)
	}
	p.send(`{"cmd":"leave"}`)
	p.end(exitOK)
}

// TestO11_HeadlessSwitch: the program goes on in the next room, and the exit
// status is the last room's.
func TestO11_HeadlessSwitch(t *testing.T) {
	p := start(t, false, nil)
	p.await("track_published", 2)
	p.send(`{"cmd":"switch","link":"` + doorLink + `"}`)
	p.await("joined", 2)
	if left := p.await("left", 1)[0]; left["reason"] != "switched" || left["code"] != 0.0 {
		t.Errorf("left %v", left)
	}
	p.dialer.Last().Tell(call.SessionEnded{Reason: call.ReasonBanned, By: "Eve", Text: "Enough"})
	left := p.end(exitOtherReason)
	if len(left) != 2 || left[1]["reason"] != "banned" || left[1]["by"] != "Eve" || left[1]["text"] != "Enough" {
		t.Errorf("left %v", left)
	}
}

func TestHeadlessModeration(t *testing.T) {
	requests := make(chan any, 1)
	p := start(t, false, func(p *program) {
		p.dialer.OnModerate = func(_ call.Operation, request any) (any, error) {
			requests <- request
			return doorapi.PeopleAnswer{Results: []call.PersonResult{{ID: "bob", Result: call.ResultDone}}}, nil
		}
	})
	p.await("joined", 1)
	p.send(`{"cmd":"switch","link":"` + doorLink + `"}`)
	p.await("joined", 2)
	p.send(`{"cmd":"ban","id":"bob","for":"10m","text":"Enough"}`)
	if got := (<-requests).(doorapi.PeopleRequest); got.Minutes != 10 || got.Text != "Enough" || len(got.IDs) != 1 || got.IDs[0] != "bob" {
		t.Errorf("asked %+v", got)
	}
	if m := p.await("moderated", 1)[0]; m["op"] != "ban" || len(m["results"].([]any)) != 1 {
		t.Errorf("moderated %v", m)
	}
	p.send(`{"cmd":"mute_participant","all":true,"except":["eve"]}`)
	if got := (<-requests).(doorapi.MuteRequest); !got.All || len(got.Except) != 1 {
		t.Errorf("asked %+v", got)
	}
	p.send(`{"cmd":"rules","locked":true,"real_time":60}`)
	if got := (<-requests).(doorapi.RulesRequest); got.Locked == nil || !*got.Locked || *got.RealTime != 60 || got.KeepHistory != nil {
		t.Errorf("asked %+v", got)
	}
	p.send(`{"cmd":"dismiss"}`)
	<-requests
	p.dialer.Last().Tell(call.SessionEnded{Reason: call.ReasonDismissed})
	p.end(exitOK)
}

// README lists the commands that there are, and no others.
func TestReadmeListsTheCommands(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "| `cmd` |")
	table, _, _ = strings.Cut(table, "\n\n")
	listed := map[string]bool{}
	for _, row := range strings.Split(table, "\n")[2:] {
		for _, word := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			listed[word[1]] = true
		}
	}
	commands := []string{"leave", "join", "switch", "publish", "unpublish", "mute", "unmute", "chat", "hand", "react", "volume", "voice", "snapshot", "stats"}
	for word := range moderation() {
		commands = append(commands, word)
	}
	for _, word := range commands {
		if !listed[word] {
			t.Errorf("README does not list %q", word)
		}
		delete(listed, word)
	}
	for word := range listed {
		t.Errorf("README lists %q, which is no command", word)
	}
}
