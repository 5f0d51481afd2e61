//go:build linux

package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// Bounds of a cut.
const (
	// backWithin is from the end of a cut until the client is in the room again
	// or has given up: the longest pause between two tries (engine/client: 7 s
	// +- 50 %), a try that had begun before (8 s), and the media.
	backWithin = 30 * time.Second
	// leaveWithin is contract L7's bound, twice for a busy machine with the race
	// detector.
	leaveWithin = 4 * time.Second
	// reportWithin is how long the observer's last word may take.
	reportWithin = 15 * time.Second
)

// cutsAll takes all six lengths, as make cuts does. Three are in every run: one
// that LiveKit bridges, one that is resumed, and one after which clients join anew.
var cutsAll = flag.Bool("cuts.all", false, "cut for 4, 8, 12, 18, 25 and 60 s instead of 4, 12 and 25 s")

// TestO6_O8_Cuts cuts the cable between a client and the server for a time, for
// several lengths at once, in networks of their own. The client that is cut off comes
// back or leaves with connection_lost, can leave at any moment, and reads once, and
// in order, what was said meanwhile. The client beside the server is told.
func TestO6_O8_Cuts(t *testing.T) {
	t.Parallel()
	f := testenv.Foyer(t)
	var stories []*cutStory
	lengths := []int{4, 12, 25}
	if *cutsAll {
		lengths = []int{4, 8, 12, 18, 25, 60}
	}
	for _, seconds := range lengths {
		stories = append(stories, newCutStory(t, f, time.Duration(seconds)*time.Second))
	}
	for _, s := range stories {
		s.prepare()
	}
	// Not subtests with t.Parallel: that runs as many as there are processors, and these wait.
	var all sync.WaitGroup
	for _, s := range stories {
		all.Go(s.run)
	}
	all.Wait()
}

// cutStory is one cut: Ada sits beside the server, Bob and Carol are cut off.
// Carol loses her patience in the middle of it.
type cutStory struct {
	t                *testing.T
	length           time.Duration
	cable            *drive.Cable
	server           *testenv.Server
	ada, bob, carol  *testenv.Process
	adas, bobs, mark int // marks of Ada and Bob, and of Carol, when the cut began
	cut              time.Time
	said             int // lines that Ada has said
}

func newCutStory(t *testing.T, f drive.Foyer, length time.Duration) *cutStory {
	t.Helper()
	cable := layCable(t)
	server := testenv.Serve(t, f, drive.ServeOptions{NS: cable.A, Listen: cable.A.Addr + ":7443"})
	link, err := server.Drive.InviteFrom(t.Context(), cable.A, "cut")
	must(t, err)
	join := func(id string, ns *drive.NetNS) *testenv.Process {
		return testenv.Join(t, f, drive.JoinOptions{Link: link, Name: id, ID: id, NS: ns})
	}
	return &cutStory{
		t: t, length: length, cable: cable, server: server,
		ada: join("ada", cable.A), bob: join("bob", cable.B), carol: join("carol", cable.B),
	}
}

// prepare waits until all are there. What Ada says would remove Bob after half
// a minute (contract O1); this is about his return.
func (s *cutStory) prepare() {
	s.t.Helper()
	meet(s.ada, s.bob, s.carol)
	_, err := s.server.Drive.AdminFrom(s.t.Context(), s.cable.A, "allow", "cut", "bob")
	must(s.t, err)
}

func (s *cutStory) run() {
	talk, stop := context.WithCancel(s.t.Context())
	var talking sync.WaitGroup
	talking.Go(func() { s.talk(talk) })
	err := s.story(func() { stop(); talking.Wait() })
	stop()
	talking.Wait()
	if err != nil {
		s.t.Errorf("cut of %v: %v", s.length, err)
	}
}

// story is what happens, in order. mute ends Ada's talking.
func (s *cutStory) story(mute func()) error {
	if err := s.hears(s.t.Context(), 2, testenv.Limit); err != nil {
		return fmt.Errorf("before it: %w", err)
	}
	s.adas, s.bobs, s.mark = s.ada.Mark(), s.bob.Mark(), s.carol.Mark()
	s.cut = time.Now()
	if err := s.cable.Cut(s.t.Context()); err != nil {
		return err
	}
	if err := s.leaveMeanwhile(); err != nil {
		return err
	}
	<-time.After(time.Until(s.cut.Add(s.length))) // the length is what is tested
	if err := s.cable.Restore(s.t.Context()); err != nil {
		return err
	}
	restored := time.Now()
	stayed, err := s.comesBack()
	if err != nil {
		return err
	}
	s.t.Logf("cut of %v: stayed %v, settled %v after its end; Bob: %s", s.length, stayed, time.Since(restored).Round(time.Millisecond), s.states())
	mute()
	if err := s.adaKnows(stayed); err != nil {
		return err
	}
	return errors.Join(s.checkSeen(stayed), s.checkStates(stayed), s.checkChat(stayed))
}

// talk says a numbered line twice a second.
func (s *cutStory) talk(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.ada.Send(map[string]any{"cmd": "chat", "text": strconv.Itoa(s.said)}); err != nil {
			s.t.Errorf("cut of %v: Ada cannot speak: %v", s.length, err)
			return
		}
		s.said++
	}
}

// hears waits until Bob has heard at least n lines in all.
func (s *cutStory) hears(ctx context.Context, n int, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := s.bob.Wait(ctx, "chat", 0, func(drive.Event) bool { n--; return n <= 0 })
	return err
}

// leaveMeanwhile lets Carol leave in the middle of the cut.
func (s *cutStory) leaveMeanwhile() error {
	<-time.After(time.Until(s.cut.Add(s.length / 2))) // the moment is what is tested
	asked := time.Now()
	if err := s.carol.Send(map[string]any{"cmd": "leave"}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), testenv.Limit)
	defer cancel()
	left, err := s.carol.Wait(ctx, "left", s.mark, nil)
	if err != nil {
		return err
	}
	if took := left.Seen.Sub(asked); left.Text("reason") != "left" || took > leaveWithin {
		return fmt.Errorf("carol leaves %v after its beginning: after %v: %s", s.length/2, took, left.Raw)
	}
	return nil
}

// comesBack waits until Bob hears something that was said after the cut, or has
// left.
func (s *cutStory) comesBack() (stayed bool, err error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), backWithin)
	defer cancel()
	last := s.lastHeardByAda()
	heard := make(chan error, 1)
	go func() {
		_, err := s.bob.Wait(ctx, "chat", s.bobs, func(e drive.Event) bool { n, err := strconv.Atoi(e.Text("text")); return err == nil && n > last })
		heard <- err
	}()
	left := make(chan drive.Event, 1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		if e, err := s.bob.Wait(ctx, "left", s.bobs, nil); err == nil {
			left <- e
		}
	}()
	defer func() { cancel(); <-over }()
	select {
	case err := <-heard:
		if err == nil {
			return true, nil
		}
		select {
		case e := <-left:
			return false, s.checkLeft(e)
		default:
			return false, err
		}
	case e := <-left:
		return false, s.checkLeft(e)
	}
}

// checkLeft: who does not come back has lost the connection, and no shorter cut
// than the bound of reconnecting is a reason to give up (client: 60 s).
func (s *cutStory) checkLeft(left drive.Event) error {
	if left.Text("reason") != "connection_lost" || s.length < time.Minute {
		return fmt.Errorf("bob: %s", left.Raw)
	}
	return nil
}

func (s *cutStory) lastHeardByAda() int {
	last := -1
	for _, e := range s.ada.Events() {
		if n, err := strconv.Atoi(e.Text("text")); e.Name == "chat" && err == nil {
			last = max(last, n)
		}
	}
	return last
}

// seen is what Ada was told of somebody since the cut began: words in order.
func (s *cutStory) seen(id string) []string {
	var words []string
	for _, e := range s.ada.Events()[s.adas:] {
		if e.Text("id") != id {
			continue
		}
		word := ""
		switch {
		case e.Name == "participant_updated" && e.Get("lost") == true:
			word = "lost"
		case e.Name == "participant_updated" && len(words) > 0:
			word = "back"
		case e.Name == "participant_left":
			word = "left " + e.Text("reason")
		case e.Name == "participant_joined":
			word = "joined"
		}
		if word != "" && (len(words) == 0 || words[len(words)-1] != word) {
			words = append(words, word)
		}
	}
	return words
}

// checkSeen: Ada is told in time that Bob is lost (contract O4), and what
// follows.
func (s *cutStory) checkSeen(stayed bool) error {
	first := func(name string, want func(drive.Event) bool) time.Duration {
		for _, e := range s.ada.Events()[s.adas:] {
			if e.Name == name && e.Text("id") == "bob" && want(e) {
				return e.Seen.Sub(s.cut)
			}
		}
		return -1
	}
	lost := first("participant_updated", func(e drive.Event) bool { return e.Get("lost") == true })
	gone := first("participant_left", func(e drive.Event) bool { return e.Text("reason") == "connection_lost" })
	s.t.Logf("cut of %v: Bob is lost after %v, gone after %v", s.length, lost, gone)
	var errs []error
	if s.length > lostWithin && (lost < 0 || lost > lostWithin) {
		errs = append(errs, fmt.Errorf("ada is told after %v that bob is lost", lost))
	}
	if s.length > goneWithin && (gone < 0 || gone > goneWithin) {
		errs = append(errs, fmt.Errorf("ada is told after %v that bob has gone", gone))
	}
	return errors.Join(errs...)
}

// adaKnows waits until Ada sees Bob as he is: with her, or gone.
func (s *cutStory) adaKnows(stayed bool) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), reportWithin)
	defer cancel()
	var words []string
	err := drive.Until(ctx, func() bool {
		words = s.seen("bob")
		if len(words) == 0 {
			return stayed
		}
		last := words[len(words)-1]
		return stayed && (last == "back" || last == "joined") || !stayed && strings.HasPrefix(last, "left")
	})
	s.t.Logf("cut of %v: Ada is told of Bob: %s", s.length, strings.Join(words, ", "))
	if err != nil {
		return fmt.Errorf("bob stayed %v, ada is told %q: %w", stayed, words, err)
	}
	return nil
}

func (s *cutStory) states() string {
	var states []string
	for _, e := range s.bob.Events()[s.bobs:] {
		if e.Name == "state" {
			states = append(states, fmt.Sprintf("%s after %v", e.Text("state"), e.Seen.Sub(s.cut).Round(100*time.Millisecond)))
		}
	}
	return strings.Join(states, ", ")
}

// checkStates: joined -> reconnecting -> joined or out, and one left at most.
func (s *cutStory) checkStates(stayed bool) error {
	next := map[string][]string{
		"joined": {"reconnecting", "leaving"}, "reconnecting": {"joined", "leaving"}, "leaving": {"idle"}, "idle": nil,
	}
	state, lefts := "joined", 0
	for _, e := range s.bob.Events()[s.bobs:] {
		switch e.Name {
		case "left":
			lefts++
		case "state":
			if !slices.Contains(next[state], e.Text("state")) {
				return fmt.Errorf("bob goes from %s to %s", state, e.Text("state"))
			}
			state = e.Text("state")
		}
	}
	if stayed && (state != "joined" || lefts != 0) || !stayed && (state != "idle" || lefts != 1) {
		return fmt.Errorf("bob stayed %v and is %s at last, with %d exits", stayed, state, lefts)
	}
	return nil
}

// checkChat: Bob has read every line once and in order, if he is there.
func (s *cutStory) checkChat(stayed bool) error {
	if !stayed {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), reportWithin)
	defer cancel()
	last := strconv.Itoa(s.said - 1)
	if _, err := s.bob.Wait(ctx, "chat", 0, func(e drive.Event) bool { return e.Text("text") == last }); err != nil {
		return fmt.Errorf("the last line: %w", err)
	}
	mark := s.bob.Mark()
	for range 4 { // one a second: a line that came twice would have come by then
		e, err := s.bob.Wait(ctx, "stats", mark, nil)
		if err != nil {
			return err
		}
		mark = e.Index + 1
	}
	var got []int
	history := 0
	for _, e := range s.bob.Events() {
		if n, err := strconv.Atoi(e.Text("text")); e.Name == "chat" && err == nil {
			got = append(got, n)
			if e.Get("history") == true {
				history++
			}
		}
	}
	s.t.Logf("cut of %v: %d lines, %d of them caught up", s.length, len(got), history)
	want := make([]int, s.said)
	for i := range want {
		want[i] = i
	}
	sorted := slices.Clone(got)
	slices.Sort(sorted)
	if !slices.Equal(sorted, want) {
		return fmt.Errorf("bob reads %v of %d lines", got, s.said)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("bob reads in the order %v", got)
	}
	return nil
}
