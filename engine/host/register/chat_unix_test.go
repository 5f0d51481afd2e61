//go:build unix

package register

import (
	"context"
	"strconv"
	"testing"
	"time"

	"foyer/engine/call"
)

// FuzzTexts stores whatever may come from outside in both databases: it is
// stored, comes back the same from both, and one bad line keeps no other out.
func FuzzTexts(f *testing.F) {
	f.Add("id", "anna", "Anna", "hello")
	f.Add("'", `"; DROP TABLE chat;--`, "<b>\x00", "\xff\xfe\xed\xa0\x80 $1 %s \\ ’")
	f.Add("\x00", "", "\n", "")
	var registers []*Register
	for _, where := range backends() {
		r, err := Open(context.Background(), where(f))
		must(f, err)
		closeAfter(f, r)
		registers = append(registers, r)
	}
	run := 0
	f.Fuzz(func(t *testing.T, id, from, name, text string) {
		run++
		room := call.RoomID(strconv.Itoa(run))
		v := Verdict{Reason: call.ReasonRemoved, By: name, Text: text, At: time.UnixMilli(1)}
		line := ChatLine{Room: room, Session: "RM_1", ChatMessage: call.ChatMessage{ID: id, From: call.Identity(from), Name: name, Text: text, At: at(0)}}
		want := ChatLine{Room: room, Session: "RM_1", ChatMessage: call.ChatMessage{ID: clean(id), Seq: 1, From: call.Identity(clean(from)), Name: clean(name), Text: clean(text), At: at(0)}}
		other := line
		other.ID += "x"
		for _, r := range registers {
			must(t, r.AppendChat(t.Context(), []ChatLine{line, other, line}))
			lines, _, err := r.Chat(t.Context(), room, "RM_1", "", 10)
			if err != nil || len(lines) != 2 || lines[0] != want {
				t.Errorf("%+v, %v; want %+v", lines, err, want)
			}
			must(t, r.SetCutoff(t.Context(), room, "anna", v))
			if got, err := r.Cutoff(t.Context(), room, "anna"); err != nil || got.By != clean(name) || got.Text != clean(text) {
				t.Errorf("%+v, %v", got, err)
			}
		}
	})
}
