package rtp

import (
	"testing"
	"time"

	"foyer/engine/call"
)

func TestTicksOfLongStay(t *testing.T) {
	video, audio := newTrackClock(call.KindVideo, time.Now()), newTrackClock(call.KindAudio, time.Now())
	if got, want := video.ticks(100*time.Hour), uint32(100*3600*videoClock%(1<<32)); got != want {
		t.Errorf("%d, want %d", got, want)
	}
	if got := audio.ticks(20 * time.Millisecond); got != 960 {
		t.Errorf("20 ms of audio: %d", got)
	}
}
