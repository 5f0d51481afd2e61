package audio

import (
	"testing"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
)

// TestPanicDropsOneVoice: a decoder that panics is not asked again, and the
// others are heard on. Without the guard this test ends the process.
func TestPanicDropsOneVoice(t *testing.T) {
	log, hook := logtest.NewNullLogger()
	m := NewMixer(log)
	defer m.Close()
	b, err := newJitterBuffer()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	bad, good := &source{log: log}, &source{jitter: b, log: log} // without a jitter buffer: nil is dereferenced
	m.add(good)
	m.add(bad)
	out := make([]int16, 960)
	for range 3 {
		m.mu.Lock()
		m.pull(out, m.clock())
		m.mu.Unlock()
	}
	m.mu.Lock()
	left := len(m.sources)
	m.mu.Unlock()
	if left != 1 || !bad.broken || good.broken {
		t.Errorf("%d sources are left, broken %v and %v", left, bad.broken, good.broken)
	}
	m.remove(bad) // as the receiver's Close does
	m.remove(good)
	logged := 0
	for _, e := range hook.AllEntries() {
		if e.Data["stack"] != nil {
			logged++
		}
	}
	if logged != 1 {
		t.Errorf("%d panics logged", logged)
	}
}

type panickingRemote struct{ *fakeRemote }

func (panickingRemote) ReadRTP([]byte) (int, error) { panic("packet") }

func TestPanicEndsReceiver(t *testing.T) {
	m := NewMixer(silent.Log())
	defer m.Close()
	r := NewReceiver(m, panickingRemote{newFakeRemote()}, silent.Log())
	<-r.done
	if s := r.Stats(); s.SID != "TR_anna" {
		t.Errorf("stats: %+v", s)
	}
	r.Close()
}

type panickingMic struct{ *fakeMic }

func (panickingMic) ReadAudio([]int16) error { panic("microphone") }

func TestPanicEndsPump(t *testing.T) {
	var dev call.AudioCapture = panickingMic{newFakeMic()}
	p := NewPump(dev, nil, silent.Log())
	<-p.done
	p.Close()
}
