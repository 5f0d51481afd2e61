//go:build linux

// Package speech measures how soon somebody is heard, and how much of what they say can
// be understood where the line loses packets.
package speech

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"foyer/bench/internal/harness"
	"foyer/internal/drive"
	"foyer/internal/drive/badline"
)

const (
	room      = "speech"
	lost      = 20                     // per cent of the packets
	settle    = 4 * time.Second        // until the receiver has measured its line
	gap       = 300 * time.Millisecond // between two sentences
	leastSTOI = 0.75                   // from about there on, sentences are understood
	worse     = 0.02                   // than Chromium's may be within the error of a run
)

// sentences are said in turn, over and over: the first three of IEEE's Harvard
// sentences, list 1, and two of list 2.
func sentences() []string {
	return []string{
		"The birch canoe slid on the smooth planks.", "Glue the sheet to the dark blue background.",
		"It is easy to tell the depth of a well.", "The boy was there when the sun rose.",
		"The source of the huge river is the clear spring.",
	}
}

// Program is one that takes part on both sides.
type Program string

// The programs.
const (
	Foyer    Program = "Foyer"
	Chromium Program = "Chromium"
)

// Lossy measures both programs, one after the other, over the same line.
func Lossy(ctx context.Context, b *harness.Bench) error {
	said, err := say(ctx)
	if err != nil {
		return err
	}
	scores := map[Program][]float64{}
	for _, p := range []Program{Chromium, Foyer} {
		if scores[p], err = score(ctx, b, p, said); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	theirs := scores[Chromium][1]
	for _, p := range []Program{Foyer, Chromium} {
		s, wanted := scores[p], ""
		if p == Foyer {
			wanted = fmt.Sprintf(">= %.2f, and Chromium's", leastSTOI)
		}
		b.Table.Row(fmt.Sprintf("Speech with %d %% of the packets lost, %s -> %s: STOI", lost, p, p),
			fmt.Sprintf("%.3f (%.3f without loss)", s[1], s[0]), wanted, s[1] >= leastSTOI && s[1] >= theirs-worse)
	}
	return nil
}

// say makes what is said.
func say(ctx context.Context) (said []int16, err error) {
	pause := make([]int16, int(gap.Seconds()*drive.SampleRate))
	for i, text := range sentences() {
		s, err := drive.Speak(ctx, text, 30+10*i)
		if err != nil {
			return nil, err
		}
		said = slices.Concat(said, s, pause)
	}
	return said, nil
}

// score is the STOI of what the receiver plays, without loss and with it.
func score(ctx context.Context, b *harness.Bench, p Program, said []int16) (scores []float64, err error) {
	file := filepath.Join(b.Foyer.Work, "speech.wav")
	if err := drive.WriteWAV(file, said); err != nil {
		return nil, err
	}
	c, err := drive.NewCable(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	pulse, err := drive.StartPulse(ctx, b.Foyer.Work)
	if err != nil {
		return nil, err
	}
	defer pulse.Close()
	s, err := b.Foyer.Serve(ctx, drive.ServeOptions{NS: c.A, Listen: c.A.Addr + ":7443"})
	if err != nil {
		return nil, err
	}
	defer s.Close(drive.CloseGrace)
	for _, name := range []string{"sender", "receiver"} {
		one, err := enter(ctx, b, s, c, p, name, file, pulse)
		if err != nil {
			return nil, err
		}
		defer one.Close(drive.CloseGrace)
	}
	for _, percent := range []int{0, lost} {
		if err := badline.Lose(ctx, c.B, percent); err != nil {
			return nil, err
		}
		if err := harness.Pause(ctx, settle); err != nil {
			return nil, err
		}
		// As long as what is said and once more, so that all of it is there in a piece.
		heard, err := pulse.RecordSpeaker(ctx, 2*length(said)+time.Second)
		if err != nil {
			return nil, err
		}
		scores = append(scores, compare(Slower(said), Slower(heard)))
	}
	return scores, nil
}

func length(samples []int16) time.Duration {
	return time.Duration(len(samples)) * time.Second / drive.SampleRate
}

// enter lets one of the two join: the sender beside the server, the receiver at the
// other end of the cable.
func enter(ctx context.Context, b *harness.Bench, s *drive.Server, c *drive.Cable, p Program, name, file string,
	pulse *drive.Pulse,
) (*drive.Process, error) {
	sends, ns := name == "sender", c.B
	if sends {
		ns = c.A
	}
	var one *drive.Process
	var err error
	if p == Chromium {
		o := drive.BrowserOptions{Room: room, ID: name, NS: ns}
		if sends {
			o.Microphone = file
		} else {
			o.Env = pulse.Env()
		}
		one, err = s.Browse(ctx, b.Root, o)
	} else {
		var link string
		if link, err = s.InviteFrom(ctx, c.A, room); err != nil {
			return nil, err
		}
		o := drive.JoinOptions{Link: link, Name: name, ID: name, NS: ns}
		if sends {
			o.Args = []string{"--mic", file}
		} else {
			o.Args, o.Env = []string{"--speaker", "default"}, pulse.Env()
		}
		one, err = b.Foyer.Join(o)
	}
	if err != nil {
		return nil, err
	}
	if _, err = harness.Wait(ctx, one, "joined", 0, nil); err == nil && !sends {
		_, err = harness.Wait(ctx, one, "track_subscribed", 0, nil)
	}
	if err != nil {
		one.Close(drive.CloseGrace)
	}
	return one, err
}

// compare is the STOI of one round of what is said, wherever it begins in what was
// heard.
func compare(said, heard []float64) float64 {
	first, _ := find(said[:rate], heard, len(said)/2, len(said)/2)
	return STOI(said, Align(said, heard, first, rate/2))
}
