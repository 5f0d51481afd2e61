package register

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"foyer/engine/call"
)

// say is a line in the hall.
func say(id, text string) ChatLine {
	return ChatLine{Room: "hall", Session: "RM_1", ChatMessage: call.ChatMessage{ID: id, From: "anna", Name: "Anna", Text: text, At: at(0)}}
}

func ids(lines []ChatLine) (all []string) {
	for _, c := range lines {
		all = append(all, c.ID)
	}
	return all
}

// numbers are the IDs from..to.
func numbers(from, to int) (all []string) {
	for i := from; i <= to; i++ {
		all = append(all, strconv.Itoa(i))
	}
	return all
}

// TestJ9_Chat: order, the last lines, and catching up.
func TestJ9_Chat(t *testing.T) { onEach(t, testChat) }

func testChat(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	must(t, r.AppendChat(ctx, nil))
	var lines []ChatLine
	for i := 1; i <= 1200; i++ {
		lines = append(lines, say(strconv.Itoa(i), fmt.Sprint("text ", i)))
	}
	for batch := range slices.Chunk(lines, 250) {
		must(t, r.AppendChat(ctx, batch))
		must(t, r.AppendChat(ctx, batch)) // told twice
	}
	r = reopen(t, r, where)
	for id, want := range map[string]bool{"1": true, "1200": true, "1201": false, "": false} {
		if has, err := r.HasChat(ctx, "hall", id); err != nil || has != want {
			t.Errorf("has %q: %v, %v", id, has, err)
		}
	}
	if has, err := r.HasChat(ctx, "attic", "1"); err != nil || has {
		t.Errorf("another room has it: %v, %v", has, err)
	}
	tests := []struct {
		name, after string
		limit       int
		from, to    int
		more        bool
	}{
		{"the last ones", "", 50, 1151, 1200, false},
		{"all", "", 5000, 1, 1200, false},
		{"missed", "1190", 1000, 1190 - call.ChatOverlap, 1200, false},
		{"missed nothing", "1200", 1000, 1200 - call.ChatOverlap, 1200, false},
		{"missed many", "100", 1000, 100 - call.ChatOverlap, 1035, true},
		{"missed a full page", "265", 1000, 265 - call.ChatOverlap, 1200, false},
		{"from the start", "3", 100, 1, 100, true},
		{"a line that is not known", "no'", 50, 1151, 1200, false},
	}
	for _, tt := range tests {
		got, more, err := r.Chat(ctx, "hall", "RM_1", tt.after, tt.limit)
		if err != nil || more != tt.more || !slices.Equal(ids(got), numbers(tt.from, tt.to)) {
			t.Errorf("%s: %v, %v, %v", tt.name, ids(got), more, err)
		}
		if !slices.IsSortedFunc(got, func(a, b ChatLine) int { return int(a.Seq - b.Seq) }) {
			t.Errorf("%s: not in order", tt.name)
		}
	}
}

// TestJ9_ChatOfSenders: nobody takes the ID of somebody else's message.
func TestJ9_ChatOfSenders(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		r := openTest(t, where)
		forged := say("1", "forged")
		forged.From = "mallory"
		must(t, r.AppendChat(t.Context(), []ChatLine{forged, say("1", "true"), say("2", "two")}))
		must(t, r.AppendChat(t.Context(), []ChatLine{say("1", "again"), forged}))
		for _, after := range []string{"", "1", "2"} {
			lines, _, err := r.Chat(t.Context(), "hall", "RM_1", after, 10)
			if err != nil || !slices.Equal(ids(lines), []string{"1", "1", "2"}) || lines[1].Text != "true" {
				t.Errorf("after %q: %v, %v", after, lines, err)
			}
		}
	})
}

// TestN8_ChatOfSessions: sessions and rooms have histories of their own, and
// text comes back as it was, markup and all.
func TestN8_ChatOfSessions(t *testing.T) { onEach(t, testChatOfSessions) }

func testChatOfSessions(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	nasty := `'); DROP TABLE chat;-- <script>alert("x")</script> $1 %s \ ` + "\n\t’😀"
	first, second, elsewhere, broken := say("a", nasty), say("b", "new"), say("a", "elsewhere"), say("c", "a\x00b\xff")
	second.Session, elsewhere.Room = "RM_2", "Hall"
	first.Name, first.From = nasty, call.Identity(`o'brien"`)
	must(t, r.AppendChat(ctx, []ChatLine{first, elsewhere, second, broken}))
	lines, _, err := r.Chat(ctx, "hall", "RM_1", "", 10)
	must(t, err)
	first.Seq, second.Seq, elsewhere.Seq, broken.Seq, broken.Text = 1, 2, 1, 3, "a�b�"
	if want := []ChatLine{first, broken}; !slices.Equal(lines, want) {
		t.Errorf("%+v, want %+v", lines, want)
	}
	if lines, _, err := r.Chat(ctx, "hall", "", "", 10); err != nil || !slices.Equal(lines, []ChatLine{first, second, broken}) {
		t.Errorf("all sessions: %+v, %v", lines, err)
	}
	if lines, _, err := r.Chat(ctx, "hall", "RM_2", "a", 10); err != nil || !slices.Equal(lines, []ChatLine{second}) {
		t.Errorf("after another session's line: %+v, %v", lines, err)
	}
	must(t, r.DropChat(ctx, "hall", "RM_1"))
	if lines, _, err := r.Chat(ctx, "hall", "", "", 10); err != nil || !slices.Equal(lines, []ChatLine{second}) {
		t.Errorf("one session dropped: %+v, %v", lines, err)
	}
	must(t, r.DropChat(ctx, "hall", ""))
	if lines, _, err := r.Chat(ctx, "hall", "", "", 10); err != nil || len(lines) != 0 {
		t.Errorf("dropped: %+v, %v", lines, err)
	}
	if lines, _, err := r.Chat(ctx, "Hall", "", "", 10); err != nil || !slices.Equal(lines, []ChatLine{elsewhere}) {
		t.Errorf("another room: %+v, %v", lines, err)
	}
}

func TestChatIsBounded(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		ctx := t.Context()
		r := openTest(t, where)
		must(t, r.AppendChat(ctx, []ChatLine{say("old", "")}))
		// As if the room had said that much.
		_, err := r.db.ExecContext(ctx, `UPDATE chat_seq SET seq = $1`, MaxHistory+trimEvery-3)
		must(t, err)
		must(t, r.AppendChat(ctx, []ChatLine{say("1", ""), say("2", "")}))
		must(t, r.AppendChat(ctx, []ChatLine{say("3", "")})) // a look at it is due
		lines, _, err := r.Chat(ctx, "hall", "", "", 10)
		if want := numbers(1, 3); err != nil || !slices.Equal(ids(lines), want) {
			t.Errorf("%v, %v; want %v", ids(lines), err, want)
		}
	})
}

// TestWriters lets 31 writers work at once, over two openers: nothing is lost,
// and what a reader has seen never gets a line before it.
func TestWriters(t *testing.T) { onEach(t, testWriters) }

func testWriters(t *testing.T, where string) {
	ctx := t.Context()
	openers := []*Register{openTest(t, where), openTest(t, where)}
	mustInvite(t, openers[0], "hall", "")
	key := newKey(t)
	enter(t, openers[0], "anna", key, "")
	const writers, rounds, batch = 31, 5, 4
	var writing sync.WaitGroup
	for w := range writers {
		r := openers[w%len(openers)]
		writing.Go(func() {
			for i := range rounds {
				var lines []ChatLine
				for j := range batch {
					lines = append(lines, say(fmt.Sprint(w, "-", i, "-", j), "x"))
				}
				if err := r.AppendChat(ctx, lines); err != nil {
					t.Error(err)
				}
				if _, _, err := r.Revoke(ctx, "hall", "anna", removed(1), 0); err != nil {
					t.Error(err)
				}
				if _, err := r.SetRules(ctx, "hall", func(c *Rules) { c.MaxMembers++ }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() { readAlong(t, openers[0], done) })
	writing.Wait()
	close(done)
	reading.Wait()
	lines, _, err := openers[1].Chat(ctx, "hall", "", "", 10_000)
	if err != nil || len(lines) != writers*rounds*batch {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	if m := member(t, openers[1], "anna"); m.Generation != 1+writers*rounds {
		t.Errorf("generation %d", m.Generation)
	}
	if rules, err := openers[1].Rules(ctx, "hall"); err != nil || rules.MaxMembers != writers*rounds {
		t.Errorf("%+v, %v", rules, err)
	}
}

// readAlong checks that the history only grows at its end.
func readAlong(t *testing.T, r *Register, done <-chan struct{}) {
	var seen []ChatLine
	for {
		select {
		case <-done:
			return
		default:
		}
		lines, _, err := r.Chat(t.Context(), "hall", "", "", 10_000)
		if err != nil {
			t.Error(err)
			return
		}
		if len(lines) < len(seen) || !slices.Equal(lines[:len(seen)], seen) {
			t.Error("a line came before others that were there")
			return
		}
		seen = lines
	}
}

// TestDropOldChat keeps what was said in the session that runs.
func TestDropOldChat(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		ctx := t.Context()
		r := openTest(t, where)
		expect := func(want ...string) {
			t.Helper()
			if lines, _, err := r.Chat(ctx, "hall", "", "", 10); err != nil || !slices.Equal(ids(lines), want) {
				t.Errorf("%v, %v; want %v", ids(lines), err, want)
			}
		}
		keep := func(keep bool) {
			t.Helper()
			_, err := r.SetRules(ctx, "hall", func(c *Rules) { c.KeepHistory = keep })
			must(t, err)
		}
		now := say("2", "")
		now.Session = "RM_2"
		must(t, r.AppendChat(ctx, []ChatLine{say("1", ""), now}))
		keep(true)
		must(t, r.DropOldChat(ctx, "hall", "RM_2"))
		expect("1", "2")
		keep(false)
		must(t, r.DropOldChat(ctx, "hall", "RM_2"))
		expect("2")
	})
}
