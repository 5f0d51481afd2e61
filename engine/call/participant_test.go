package call

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		KindUnknown.String(): "unknown", KindAudio.String(): "audio", KindVideo.String(): "video",
	} {
		if got != want {
			t.Errorf("kind %q, want %q", got, want)
		}
	}
	qualities := []string{"unknown", "lost", "poor", "good", "excellent", "unknown"}
	for i, want := range qualities {
		if got := Quality(i).String(); got != want {
			t.Errorf("quality %d: %q, want %q", i, got, want)
		}
	}
	states := []string{"unknown", "idle", "joining", "joined", "reconnecting", "leaving", "waiting", "unknown"}
	for i, want := range states {
		if got := State(i).String(); got != want {
			t.Errorf("state %d: %q, want %q", i, got, want)
		}
	}
}

func TestSources(t *testing.T) {
	rows := []struct {
		source Source
		word   string
		kind   Kind
	}{
		{SourceCamera, "camera", KindVideo},
		{SourceMicrophone, "microphone", KindAudio},
		{SourceScreen, "screen", KindVideo},
		{SourceScreenAudio, "screen_audio", KindAudio},
		{SourceSpeaker, "speaker", KindAudio},
	}
	for _, r := range rows {
		if r.source.String() != r.word || r.source.Kind() != r.kind {
			t.Errorf("%d: %s, %s", int(r.source), r.source, r.source.Kind())
		}
		if back, err := ParseSource(r.word); err != nil || back != r.source {
			t.Errorf("%s: read as %s, %v", r.word, back, err)
		}
		if raw, err := json.Marshal(r.source); err != nil || string(raw) != `"`+r.word+`"` {
			t.Errorf("%s in JSON: %s, %v", r.word, raw, err)
		}
	}
	for source, want := range map[Source]string{SourceUnknown: "unknown", -1: "source(-1)", 6: "source(6)"} {
		if source.String() != want || source.Kind() != KindUnknown {
			t.Errorf("%d: %s, %s", int(source), source, source.Kind())
		}
	}
	for _, s := range []string{"", "unknown", "Camera", "source(1)"} {
		if got, err := ParseSource(s); !errors.Is(err, ErrBadArgument) {
			t.Errorf("%q: %s, %v", s, got, err)
		}
	}
}

func TestParticipantTrack(t *testing.T) {
	p := Participant{Tracks: []Track{{SID: "TR_1", Source: SourceMicrophone}, {SID: "TR_2", Source: SourceCamera}}}
	if tr, ok := p.Track(SourceCamera); !ok || tr.SID != "TR_2" {
		t.Errorf("camera: %+v, %v", tr, ok)
	}
	if tr, ok := p.Track(SourceScreen); ok {
		t.Errorf("screen: %+v", tr)
	}
}
