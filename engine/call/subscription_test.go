package call

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func guest(n int, tracks ...Track) Participant {
	return Participant{Identity: Identity(fmt.Sprint("guest", n)), SID: SID(fmt.Sprint("PA_", n)), Tracks: tracks}
}

func track(sid string, source Source) Track {
	return Track{SID: SID(sid), Source: source, Kind: source.Kind()}
}

func sids(list []Subscription, paused bool) []SID {
	var out []SID
	for _, s := range list {
		if s.Paused == paused {
			out = append(out, s.Track)
		}
	}
	return out
}

// What is received is bounded, whoever publishes how much, and everybody gets
// their first frame before anybody the second.
func TestSelectorIsBoundedAndFair(t *testing.T) {
	var people []Participant
	for n := range 500 {
		people = append(people, guest(n,
			track(fmt.Sprint("cam", n), SourceCamera), track(fmt.Sprint("screen", n), SourceScreen),
			track(fmt.Sprint("mic", n), SourceMicrophone), track(fmt.Sprint("tab", n), SourceScreenAudio)))
	}
	list := Selector{Shown: DefaultShown}.Choose(people)
	if len(list) != MaxVoices+MaxVideos {
		t.Errorf("%d subscriptions", len(list))
	}
	shown := sids(list[MaxVoices:], false)
	if len(shown) != DefaultShown {
		t.Errorf("%d are shown", len(shown))
	}
	for i, sid := range shown {
		if sid != SID(fmt.Sprint("cam", i)) {
			t.Errorf("picture %d is %s", i, sid)
		}
	}
	for _, s := range list[:MaxVoices] {
		if s.Paused {
			t.Error("a voice is paused")
		}
	}
}

// One guest has two videos and two audio tracks at most: the others' places are
// theirs.
func TestSelectorGivesNobodyMoreThanTwoVideos(t *testing.T) {
	var many []Track
	for i := range 60 {
		many = append(many, track(fmt.Sprint("eve", i), SourceCamera))
	}
	people := []Participant{guest(0, many...), guest(1, track("bob", SourceCamera))}
	list := Selector{Shown: DefaultShown}.Choose(people)
	if got := sids(list, false); !slices.Equal(got, []SID{"eve0", "bob", "eve1"}) {
		t.Errorf("received: %v", got)
	}
}

func TestSelectorObeysTheWindow(t *testing.T) {
	people := []Participant{
		guest(0, track("a", SourceCamera)), guest(1, track("b", SourceCamera)),
		guest(2, track("c", SourceCamera)), guest(3, track("d", SourceCamera)),
	}
	list := Selector{Shown: 2, Views: map[SID]TrackView{
		"a": {Hidden: true}, "c": {Width: 320, Height: 180},
	}}.Choose(people)
	want := []Subscription{{Track: "c", Width: 320, Height: 180}, {Track: "b"}, {Track: "d", Paused: true}, {Track: "a", Paused: true}}
	if !slices.Equal(list, want) {
		t.Errorf("%+v, want %+v", list, want)
	}
}

func TestSelectorHearsNobodyWhomTheHostHasMuted(t *testing.T) {
	eve := guest(0, track("mic", SourceMicrophone), track("tab", SourceScreenAudio), track("cam", SourceCamera))
	eve.Muted = true
	people := []Participant{eve, guest(1, track("bob", SourceMicrophone))}
	if got := sids(Selector{Shown: 2, ObeysMutes: true}.Choose(people), false); !slices.Equal(got, []SID{"bob", "cam"}) {
		t.Errorf("received: %v", got)
	}
	// Without a door, the mark is not the host's.
	if got := sids(Selector{Shown: 2}.Choose(people), false); len(got) != 4 {
		t.Errorf("received: %v", got)
	}
}

// Of more voices than can be decoded half are those of the first, and half of those
// who spoke last.
func TestSelectorHearsWhoSpeaks(t *testing.T) {
	var people []Participant
	spoke := map[Identity]time.Time{}
	for n := range 3 * MaxVoices {
		mic := track(fmt.Sprint("mic", n), SourceMicrophone)
		mic.Muted = n < MaxVoices
		people = append(people, guest(n, mic))
	}
	last := people[len(people)-1].Identity
	spoke[last] = time.Unix(1, 0)
	list := Selector{Spoke: spoke}.Choose(people)
	const half = MaxVoices / 2
	if len(list) != MaxVoices || list[half].Track != SID(fmt.Sprint("mic", 3*MaxVoices-1)) {
		t.Fatalf("%d voices, first by speaking %s", len(list), list[half].Track)
	}
	if list[0].Track != SID(fmt.Sprint("mic", MaxVoices)) {
		t.Errorf("first %s: not one who may be heard now", list[0].Track)
	}
}

// Seventy who come and make noise without pause displace nobody who was there, even
// while that one is silent.
func TestSelectorKeepsWhoCameFirst(t *testing.T) {
	people := []Participant{guest(0, track("ada", SourceMicrophone)), guest(1, track("grace", SourceMicrophone))}
	spoke := map[Identity]time.Time{}
	for n := 2; n < 72; n++ {
		people = append(people, guest(n, track(fmt.Sprint("noise", n), SourceMicrophone)))
		spoke[people[n].Identity] = time.Unix(1000, 0)
	}
	list := Selector{Spoke: spoke}.Choose(people)
	for _, sid := range []SID{"ada", "grace"} {
		if !slices.ContainsFunc(list, func(s Subscription) bool { return s.Track == sid }) {
			t.Errorf("%s is not heard", sid)
		}
	}
}

func TestTrackFits(t *testing.T) {
	for source := SourceUnknown; source <= SourceSpeaker; source++ {
		for _, kind := range []Kind{KindUnknown, KindAudio, KindVideo} {
			want := source != SourceUnknown && source != SourceSpeaker && kind != KindUnknown && kind == source.Kind()
			if got := (Track{Source: source, Kind: kind}).Fits(); got != want {
				t.Errorf("%s as %s: %v", kind, source, got)
			}
		}
	}
}
