package media

import (
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/call"
)

const whole = call.MaxPixels

// The largest sender gives way to smaller ones, and one person's tracks count
// together.
func TestPixelsAreShared(t *testing.T) {
	b := new(budget)
	eve1, eve2, bob, ann := b.claim("eve"), b.claim("eve"), b.claim("bob"), b.claim("ann")
	grant := func(c *claim, pixels int, want bool) {
		t.Helper()
		if got := c.resize(pixels); got != want {
			t.Errorf("%d pixels: %v", pixels, got)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if sum := b.sum(); sum > whole {
			t.Errorf("%d pixels are granted", sum)
		}
	}
	grant(eve1, whole*6/10, true)
	grant(eve2, whole*6/10, false) // more than all, and nobody else is larger
	grant(eve2, whole*3/10, true)
	grant(bob, whole/2, true) // less than eve has
	if !eve1.yielded() || eve2.yielded() || bob.yielded() {
		t.Error("not eve's largest gave way")
	}
	grant(eve1, whole/2, false) // eve would have the most
	grant(ann, whole/5, true)
	grant(ann, whole/2, false) // as much as bob: who came first stays
	if bob.yielded() {
		t.Error("an equal took bob's place")
	}
	grant(ann, whole/4, true) // what was refused counts no more
	bob.release()
	bob.release()
	grant(eve1, whole/4, true)
	eve1.release()
	eve2.release()
	grant(ann, whole, true)
}

// While too much waits, each track has its share, and what was taken comes back.
func TestQueuesAreShared(t *testing.T) {
	b := new(budget)
	eve, bob := b.claim("eve"), b.claim("bob")
	const packet = 1 << 10
	taken := 0
	for eve.enqueue(packet) {
		taken += packet
	}
	if taken < call.MaxQueued/2 || taken > call.MaxQueued {
		t.Errorf("eve took %d of %d bytes", taken, call.MaxQueued)
	}
	for range call.MaxQueued / 2 / packet {
		if !bob.enqueue(packet) {
			t.Fatal("bob's share is gone")
		}
	}
	if bob.hold(call.MaxQueued) || eve.hold(1) {
		t.Error("more than the share may wait")
	}
	eve.release()
	bob.release()
	if n := b.queued.Load(); n != 0 {
		t.Errorf("%d bytes are not given back", n)
	}
}

// What nobody looks at has no decoder and no frame; when it is shown, a key
// frame is asked for at once.
func TestHiddenTrackHasNoDecoder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		for range 10 {
			s.give(src.next()...)
		}
		s.r.Show(false)
		synctest.Wait()
		if s.r.decoder != nil || s.r.frame.Y != nil || s.r.claim.held() != 0 || s.r.claim.budget.queued.Load() != 0 {
			t.Error("a hidden track keeps something")
		}
		if img, _ := s.r.Slot().Latest(); img != nil || !s.r.Stats().Paused {
			t.Error("a hidden track is shown")
		}
		before := s.r.Stats()
		for range 30 {
			s.track.give(src.next()...)
		}
		time.Sleep(10 * time.Second)
		if now := s.r.Stats(); now.FramesDecoded != before.FramesDecoded || now.KeyRequests != before.KeyRequests {
			t.Errorf("hidden, it decodes and asks: %+v", now)
		}
		s.seq = 0
		s.r.Show(true)
		synctest.Wait()
		if asked := s.r.Stats().KeyRequests - before.KeyRequests; asked != 1 {
			t.Errorf("%d key frames asked for", asked)
		}
		src.force.Store(true)
		shown := len(s.shown)
		for range 10 {
			s.give(src.next()...)
		}
		if got := len(s.shown) - shown; got != 10 || s.r.Stats().Paused {
			t.Errorf("%d of 10 frames shown", got)
		}
	})
}

// The larger sender gives way when the budget is used up, and its receiver says so.
func TestLargeTracksGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		s.r.claim.owner = "ann"
		eve := s.r.claim.budget.claim("eve")
		eve.resize(whole)
		src := newSource(t, testW, testH)
		for range 3 {
			s.give(src.next()...)
		}
		if !eve.yielded() || len(s.shown) != 3 {
			t.Fatalf("%d of 3 frames shown", len(s.shown))
		}
		s.r.claim.owner = "eve" // from now on the receiver's owner has the most
		eve.resize(whole - testW*testH)
		if bob := s.r.claim.budget.claim("bob"); !bob.resize(testW) || !eve.yielded() {
			t.Error("the owner of the most keeps it")
		}
		s.r.claim.budget.mu.Lock()
		s.r.claim.yield = true
		s.r.claim.budget.mu.Unlock()
		time.Sleep(keyRetry)
		synctest.Wait()
		if s.r.decoder != nil || !s.r.Stats().TooLarge {
			t.Error("a track that gave way keeps its decoder, or does not say so")
		}
		src.force.Store(true)
		time.Sleep(refusedPause)
		for range 3 {
			s.give(src.next()...)
		}
		if len(s.shown) != 6 || s.r.Stats().TooLarge {
			t.Errorf("%d frames after it came back: %+v", len(s.shown)-3, s.r.Stats())
		}
	})
}

// A track that changes its size with every key frame is stopped for a while: each
// change makes the decoder's buffers anew.
func TestStormOfSizesIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		for i := range 40 {
			src.w, src.h = testW<<(i%2), testH<<(i%2)
			src.force.Store(true)
			s.track.give(src.next()...)
			synctest.Wait()
		}
		st := s.r.Stats()
		if st.FramesDecoded < 2 || st.FramesDecoded > resizesBurst {
			t.Errorf("the decoder was made anew %d times", st.FramesDecoded)
		}
		if !st.TooLarge || s.r.decoder != nil {
			t.Errorf("%+v", st)
		}
	})
}

// A camera that is switched off and on as fast as somebody can, each time through
// two sizes, is seen every time, and holds nothing while it stays off.
func TestOffAndOnIsNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		side := func(w, h int) {
			src.w, src.h = w, h
			src.force.Store(true)
			s.track.give(src.next()...)
			synctest.Wait()
		}
		const rounds = 60
		for range rounds {
			side(2*testW, 2*testH)
			time.Sleep(200 * time.Millisecond)
			side(testW, testH)
			time.Sleep(200 * time.Millisecond)
			side(blankSide, blankSide)
			time.Sleep(200 * time.Millisecond)
		}
		if st := s.r.Stats(); st.FramesDecoded != 2*rounds || st.TooLarge {
			t.Errorf("of %d frames: %+v", 2*rounds, st)
		}
		time.Sleep(2 * darkPause)
		synctest.Wait()
		if s.r.decoder != nil || s.r.claim.held() != 0 {
			t.Error("a camera that is off keeps a decoder")
		}
		side(testW, testH)
		if s.r.Stats().FramesDecoded != 2*rounds+1 {
			t.Error("not seen after a long time off")
		}
	})
}

// A key frame that comes while a refused track waits is not decoded: another one is
// asked for when the wait is over.
func TestKeyFrameDuringTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		s.give(src.next()...)
		s.r.claim.budget.mu.Lock()
		s.r.claim.yield = true // somebody else has got its pixels
		s.r.claim.budget.mu.Unlock()
		time.Sleep(keyRetry)
		synctest.Wait()
		src.force.Store(true)
		s.give(src.next()...)
		time.Sleep(refusedPause)
		before := s.r.Stats().KeyRequests
		s.give(src.next()...)
		if asked := s.r.Stats().KeyRequests - before; asked != 1 {
			t.Fatalf("%d key frames asked for", asked)
		}
		src.force.Store(true)
		s.give(src.next()...)
		if len(s.shown) != 2 {
			t.Errorf("frames %v shown", s.shown)
		}
	})
}
