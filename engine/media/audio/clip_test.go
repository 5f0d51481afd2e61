package audio

import (
	"slices"
	"testing"

	"foyer/engine/internal/silent"
)

// A clip is heard once, from its first sample to its last, over whatever is heard
// already, and its end is told once.
func TestClipIsPlayedOnce(t *testing.T) {
	r := newRoom(t)
	ended := 0
	r.mixer.Play([]int16{1, 2, 3, 4, 5}, func() { ended++ })
	r.mixer.Play([]int16{10, 10}, func() { ended++ })
	pull := func() []int16 {
		stereo := make([]int16, 6)
		r.speaker.callback()(stereo)
		return stereo
	}
	if got := pull(); !slices.Equal(got, []int16{11, 11, 12, 12, 3, 3}) || ended != 1 {
		t.Errorf("heard %v, %d ended", got, ended)
	}
	if got := pull(); !slices.Equal(got, []int16{4, 4, 5, 5, 0, 0}) || ended != 2 {
		t.Errorf("heard %v, %d ended", got, ended)
	}
	if got := pull(); !slices.Equal(got, make([]int16, 6)) || ended != 2 {
		t.Errorf("heard %v, %d ended", got, ended)
	}
}

// A clip that is stopped is not heard any more, and its end is not told. One that
// has no speaker waits for it. What is too loud is cut, not turned round.
func TestClipStopsAndWaits(t *testing.T) {
	r := newRoom(t)
	r.mixer.SetSpeaker(nil)
	stop := r.mixer.Play([]int16{1, 2, 3}, func() { t.Error("a stopped clip has ended") })
	ended := false
	r.mixer.Play([]int16{30000, -30000}, func() { ended = true })
	r.mixer.Play([]int16{30000, -30000}, func() {})
	stop()
	stop()
	if ended {
		t.Error("it ended without being heard")
	}
	r.mixer.SetSpeaker(r.speaker)
	stereo := make([]int16, 4)
	r.speaker.callback()(stereo)
	if !slices.Equal(stereo, []int16{32767, 32767, -32768, -32768}) || !ended {
		t.Errorf("heard %v, ended %v", stereo, ended)
	}
}

// A recording has the samples that come next, as many as were asked for; one that
// is stopped has none.
func TestPumpRecords(t *testing.T) {
	mic := newFakeMic()
	p := NewPump(mic, nil, silent.Log())
	said := speech(4*960, 1)
	mic.say(t, said[:960])
	first, second := make(chan []int16, 1), make(chan []int16, 1)
	stop := p.Record(1500, func(s []int16) { first <- s })
	stop()
	p.Record(1500, func(s []int16) { second <- s })
	for at := 960; at < len(said); at += 960 {
		mic.say(t, said[at:at+960])
	}
	got := <-second
	// The read that was under way when the recording began may belong to it.
	if len(got) != 1500 || !slices.Equal(got, said[960:2460]) && !slices.Equal(got, said[:1500]) {
		t.Errorf("%d samples, not those that were said", len(got))
	}
	select {
	case <-first:
		t.Error("a stopped recording was handed over")
	default:
	}
	if err := mic.Close(); err != nil {
		t.Fatal(err)
	}
	p.Close()
}
