package keeper

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"foyer/engine/call"
)

// clock is a virtual one.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) add(d time.Duration) time.Time {
	c.now = c.now.Add(d)
	return c.now
}

// say sends n messages at once and returns who went, with the number of the
// message that it was for.
func say(p *Passive, c *clock, n int) (gone []call.Identity, at []int) {
	for i := range n {
		for _, id := range p.Message(c.now) {
			gone, at = append(gone, id), append(at, i+1)
		}
	}
	return gone, at
}

func wantGone(t *testing.T, got []call.Identity, want ...call.Identity) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("gone: %v, want %v", got, want)
	}
}

// TestO1_MessageRule is the rule's table: messages at a time after going offline,
// and the message with which the member goes (0: stays).
func TestO1_MessageRule(t *testing.T) {
	type step struct {
		at       time.Duration // after going offline
		messages int
		goes     int // with which of them; 0: with none
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"30 messages at 29.9 s", []step{{29900 * time.Millisecond, 30, 0}}},
		{"31 messages at 29.9 s", []step{{29900 * time.Millisecond, 31, 31}}},
		{"31 at once", []step{{0, 31, 31}}},
		{"30, and the 31st later", []step{{0, 30, 0}, {29999 * time.Millisecond, 1, 1}}},
		{"one each second", []step{{time.Second, 10, 0}, {10 * time.Second, 10, 0}, {20 * time.Second, 10, 0}, {21 * time.Second, 1, 1}}},
		{"the first message after 30 s", []step{{30001 * time.Millisecond, 5, 1}}},
		{"the first message at 30 s sharp", []step{{30 * time.Second, 1, 1}}},
		{"30 inside, then the first after", []step{{29 * time.Second, 30, 0}, {31 * time.Second, 1, 1}}},
		{"one inside, one after", []step{{time.Second, 1, 0}, {time.Minute, 1, 1}}},
		{"a message after 10 minutes", []step{{10 * time.Minute, 1, 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			p := NewPassive(c.now)
			start := c.now
			p.Offline("anna", c.now, c.now)
			for i, s := range tt.steps {
				c.now = start.Add(s.at)
				gone, at := say(p, c, s.messages)
				switch {
				case s.goes == 0 && len(gone) > 0:
					t.Fatalf("step %d: gone with message %v", i, at)
				case s.goes > 0 && (len(gone) != 1 || at[0] != s.goes):
					t.Fatalf("step %d: gone %v with %v, want with message %d", i, gone, at, s.goes)
				}
			}
		})
	}
}

func TestO1_SilenceStays(t *testing.T) {
	c := newClock()
	p := NewPassive(c.now)
	p.Offline("anna", c.now, c.now)
	for range 600 {
		wantGone(t, p.Due(c.add(time.Second)))
	}
	if _, ok := p.Next(); ok {
		t.Error("somebody is due without a real-time limit")
	}
	c.add(24 * time.Hour)
	wantGone(t, p.Due(c.now))
	wantGone(t, p.Message(c.now), "anna")
	wantGone(t, p.Message(c.now)) // and goes once
}

func TestO1_BackAtTheLastMoment(t *testing.T) {
	c := newClock()
	p := NewPassive(c.now)
	p.Offline("anna", c.now, c.now)
	c.add(29900 * time.Millisecond)
	if gone, _ := say(p, c, 30); len(gone) > 0 {
		t.Fatal(gone)
	}
	p.Back("anna")
	if gone, _ := say(p, c, 100); len(gone) > 0 {
		t.Fatal("gone although back", gone)
	}
	c.add(time.Hour)
	if gone, _ := say(p, c, 1); len(gone) > 0 {
		t.Fatal("gone although back", gone)
	}
	// The next absence begins anew: earlier messages do not count.
	p.Offline("anna", c.now, c.now)
	if gone, _ := say(p, c, 30); len(gone) > 0 {
		t.Fatal(gone)
	}
	_, at := say(p, c, 1)
	if !slices.Equal(at, []int{1}) {
		t.Error("the 31st message of the second absence does not count")
	}
}

func TestO1_OfflineTwiceIsOnce(t *testing.T) {
	c := newClock()
	p := NewPassive(c.now)
	p.Offline("anna", c.now, c.now)
	c.add(20 * time.Second)
	p.Offline("anna", c.now, c.now) // the same absence, told again
	c.add(11 * time.Second)
	wantGone(t, p.Message(c.now), "anna")
}

// TestO1_SinceBefore is a keeper that takes a room over: absence began earlier.
func TestO1_SinceBefore(t *testing.T) {
	c := newClock()
	p := NewPassive(c.now)
	p.Offline("anna", c.now.Add(-31*time.Second), c.now)
	p.Offline("ben", c.now.Add(-29*time.Second), c.now)
	p.Offline("cleo", c.now.Add(time.Hour), c.now) // a clock of another computer
	wantGone(t, p.Message(c.now), "anna")
	wantGone(t, p.Message(c.add(time.Second)), "ben")
	wantGone(t, p.Message(c.add(28*time.Second)))
	wantGone(t, p.Message(c.add(time.Second)), "cleo")
}

func TestO1_SeveralMembers(t *testing.T) {
	c := newClock()
	p := NewPassive(c.now)
	p.Offline("cleo", c.now, c.now)
	if gone, _ := say(p, c, 10); len(gone) > 0 {
		t.Fatal(gone)
	}
	c.add(5 * time.Second)
	p.Offline("anna", c.now, c.now)
	p.Offline("ben", c.now, c.now)
	gone, at := say(p, c, 31)
	wantGone(t, gone, "cleo", "anna", "ben")
	if !slices.Equal(at, []int{21, 31, 31}) {
		t.Errorf("with messages %v", at)
	}
	// By time: the longest absent first, in one message.
	p.Offline("b", c.now, c.now)
	p.Offline("z", c.now.Add(-time.Second), c.now)
	p.Offline("a", c.now, c.now)
	wantGone(t, p.Message(c.add(time.Minute)), "z", "a", "b")
}

func TestO1_ClockBackwards(t *testing.T) {
	c := newClock()
	p := NewPassive(c.now)
	p.Offline("anna", c.now, c.now)
	c.add(20 * time.Second)
	wantGone(t, p.Message(c.now))
	c.add(-time.Hour) // somebody set the clock
	wantGone(t, p.Message(c.now))
	wantGone(t, p.Message(c.add(9*time.Second))) // 29 s of absence
	wantGone(t, p.Message(c.add(time.Second)), "anna")

	p.Offline("ben", c.now, c.now)
	p.SetRealTime(call.MinRealTime)
	c.add(-time.Hour)
	wantGone(t, p.Due(c.now))
	if at, ok := p.Next(); !ok || !at.Equal(c.now.Add(call.MinRealTime)) {
		t.Errorf("next %v, %v; now %v", at, ok, c.now)
	}
}

func TestO2_RealTime(t *testing.T) {
	for _, limit := range []time.Duration{call.MinRealTime, 90 * time.Second, call.MaxRealTime} {
		c := newClock()
		p := NewPassive(c.now)
		p.SetRealTime(limit)
		start := c.now
		p.Offline("anna", c.now, c.now)
		c.add(time.Second)
		p.Offline("ben", c.now, c.now)
		if at, ok := p.Next(); !ok || !at.Equal(start.Add(limit)) {
			t.Fatalf("%v: next %v, %v", limit, at, ok)
		}
		c.now = start.Add(limit - time.Millisecond)
		wantGone(t, p.Due(c.now))
		c.now = start.Add(limit)
		wantGone(t, p.Due(c.now), "anna") // nothing was said at all
		if at, ok := p.Next(); !ok || !at.Equal(start.Add(limit+time.Second)) {
			t.Errorf("%v: next %v, %v", limit, at, ok)
		}
		p.Back("ben") // at the last moment
		wantGone(t, p.Due(c.add(time.Hour)))
		if _, ok := p.Next(); ok {
			t.Errorf("%v: somebody is due in an empty house", limit)
		}
	}
}

// TestO2_WithMessages: the message rule holds beside the limit.
func TestO2_WithMessages(t *testing.T) {
	c := newClock()
	p := NewPassive(c.now)
	p.SetRealTime(call.MaxRealTime)
	p.Offline("anna", c.now, c.now)
	gone, at := say(p, c, 31)
	wantGone(t, gone, "anna")
	if !slices.Equal(at, []int{31}) {
		t.Error(at)
	}
}

func TestO2_Bounds(t *testing.T) {
	for _, tt := range []struct{ set, want time.Duration }{
		{0, 0}, {-time.Second, 0}, {time.Second, call.MinRealTime}, {call.MinRealTime, call.MinRealTime},
		{time.Minute, time.Minute}, {time.Hour, call.MaxRealTime},
	} {
		p := NewPassive(time.Now())
		if p.SetRealTime(tt.set); p.realTime != tt.want {
			t.Errorf("%v becomes %v", tt.set, p.realTime)
		}
	}
}

// TestO2_Changed: the host may change the limit while somebody is away.
func TestO2_Changed(t *testing.T) {
	c := newClock()
	p := NewPassive(c.now)
	p.Offline("anna", c.now, c.now)
	c.add(time.Minute)
	wantGone(t, p.Due(c.now))
	p.SetRealTime(call.MaxRealTime)
	wantGone(t, p.Due(c.now))
	p.SetRealTime(call.MinRealTime)
	if at, ok := p.Next(); !ok || at.After(c.now) {
		t.Errorf("next %v, %v", at, ok)
	}
	wantGone(t, p.Due(c.now), "anna")
	p.Offline("ben", c.now, c.now)
	p.SetRealTime(0)
	wantGone(t, p.Due(c.add(time.Hour)))
}

func TestO3_AllowList(t *testing.T) {
	c := newClock()
	p := NewPassive(c.now)
	p.SetRealTime(call.MinRealTime)
	p.Allow("anna", true)
	p.Offline("anna", c.now, c.now)
	p.Offline("ben", c.now, c.now)
	gone, _ := say(p, c, 100) // O1, by number
	wantGone(t, gone, "ben")
	wantGone(t, p.Message(c.add(time.Hour))) // O1, by time
	wantGone(t, p.Due(c.now))                // O2
	if _, ok := p.Next(); ok {
		t.Error("somebody exempt is due")
	}
	p.Allow("anna", false)
	if at, ok := p.Next(); !ok || at.After(c.now) {
		t.Errorf("next %v, %v", at, ok)
	}
	wantGone(t, p.Due(c.now), "anna")
}

// TestO3_TakenOff: without a limit, the next message is the first that counts.
func TestO3_TakenOff(t *testing.T) {
	c := newClock()
	p := NewPassive(c.now)
	p.Offline("anna", c.now, c.now)
	p.Allow("anna", true) // while away
	gone, _ := say(p, c, 40)
	wantGone(t, gone)
	p.Allow("anna", false)
	wantGone(t, p.Due(c.now))
	wantGone(t, p.Message(c.now), "anna")
}

// model is the rule as S4 says it, without a thought for speed: every message
// is remembered.
type model struct {
	time     time.Duration // the sum of all steps forwards
	said     []time.Duration
	away     map[call.Identity]time.Duration // since
	before   map[call.Identity]int           // messages that were said before
	allowed  map[call.Identity]bool
	realTime time.Duration
}

func (m *model) out(id call.Identity, message bool) bool {
	since, away := m.away[id]
	switch {
	case !away || m.allowed[id]:
		return false
	case !message:
		return m.realTime > 0 && m.time-since >= m.realTime
	}
	return len(m.said)-m.before[id] >= 31 || m.time-since >= 30*time.Second
}

// step does one thing to both and compares who goes.
func (m *model) step(t *testing.T, p *Passive, c *clock, op, arg byte) {
	t.Helper()
	id := call.Identity('a' + rune(arg%5))
	var got []call.Identity
	message := false
	switch op % 8 {
	case 0:
		p.Offline(id, c.now, c.now)
		if _, away := m.away[id]; !away {
			m.away[id], m.before[id] = m.time, len(m.said)
		}
	case 1:
		p.Back(id)
		delete(m.away, id)
	case 2:
		p.Allow(id, arg >= 128)
		m.allowed[id] = arg >= 128
	case 3:
		m.realTime = time.Duration(arg) * 2 * time.Second
		if m.realTime > 0 {
			m.realTime = min(max(m.realTime, 20*time.Second), 5*time.Minute)
		}
		p.SetRealTime(m.realTime)
	case 4:
		d := time.Duration(arg) * 100 * time.Millisecond
		c.add(d)
		m.time += d
		got = p.Due(c.now)
	case 5:
		c.add(-time.Duration(arg) * time.Second)
		got = p.Due(c.now)
	default:
		message = true
		m.said = append(m.said, m.time)
		got = p.Message(c.now)
	}
	for _, id := range []call.Identity{"a", "b", "c", "d", "e"} {
		want := (message || op%8 == 4 || op%8 == 5) && m.out(id, message)
		if slices.Contains(got, id) != want {
			t.Fatalf("op %d(%d): %s went: %v, want %v", op%8, arg, id, !want, want)
		}
		if want {
			delete(m.away, id)
		}
	}
	if _, ok := p.Next(); ok != m.somebodyDue() {
		t.Fatalf("op %d(%d): next is %v", op%8, arg, ok)
	}
}

func (m *model) somebodyDue() bool {
	for id := range m.away {
		if m.realTime > 0 && !m.allowed[id] {
			return true
		}
	}
	return false
}

func compare(t *testing.T, script []byte) {
	t.Helper()
	c := newClock()
	p := NewPassive(c.now)
	m := &model{away: map[call.Identity]time.Duration{}, before: map[call.Identity]int{}, allowed: map[call.Identity]bool{}}
	for len(script) >= 2 {
		m.step(t, p, c, script[0], script[1])
		script = script[2:]
	}
}

// TestO1_Model plays random stories against the rule as it is written.
func TestO1_Model(t *testing.T) {
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 3))
		script := make([]byte, 400)
		for i := range script {
			script[i] = byte(random.Uint32())
		}
		compare(t, script)
	}
}

func FuzzO1(f *testing.F) {
	f.Add([]byte{0, 1, 6, 0, 4, 255, 6, 0})
	f.Add([]byte{3, 30, 0, 1, 0, 2, 4, 200, 5, 9, 4, 255, 1, 1, 4, 255, 6, 0})
	f.Fuzz(compare)
}
