//go:build linux

package speech

import (
	"context"
	"fmt"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/internal/drive"
)

const (
	earRoom   = "ear"
	earWhat   = "Mouth to ear, loopback"
	earMost   = 80 // ms, of the median
	earSettle = 6 * time.Second
	recorded  = 20 * time.Second

	// Audio is compared in parts, of samples at 10 kHz.
	part    = rate / 2
	longest = rate // the longest delay that is looked for
)

// Ears measures both programs, and collects the times.
type Ears struct{ Times *report.Beside }

// Foyer measures a microphone with what the window does to it by itself.
func (e Ears) Foyer(ctx context.Context, b *harness.Bench) error {
	return e.measure(ctx, b, report.Foyer, func(ctx context.Context, r *harness.Room) (func(), error) {
		_, err := r.Enter(ctx, "ear", "--speaker", "default")
		if err == nil {
			_, err = r.Enter(ctx, "mouth", "--mic", "default", "--noise", "light", "--gain", "on")
		}
		return func() {}, err
	})
}

// Chromium measures a microphone with what the browser does to it by itself.
func (e Ears) Chromium(ctx context.Context, b *harness.Bench) error {
	return e.measure(ctx, b, report.Chromium, func(ctx context.Context, r *harness.Room) (func(), error) {
		ear, err := r.Browse(ctx, b.Root, drive.BrowserOptions{Room: earRoom, ID: "ear", Env: r.Pulse.Env()})
		if err != nil {
			return nil, err
		}
		mouth, err := r.Browse(ctx, b.Root, drive.BrowserOptions{
			Room: earRoom, ID: "mouth", Env: r.Pulse.Env(), Microphone: true, System: true,
		})
		if err != nil {
			ear.Close(drive.CloseGrace)
			return nil, err
		}
		return func() { mouth.Close(drive.CloseGrace); ear.Close(drive.CloseGrace) }, nil
	})
}

// measure lets two of a program enter, speaks before the microphone of one and listens
// to the speaker of the other.
func (e Ears) measure(ctx context.Context, b *harness.Bench, who report.Who,
	enter func(context.Context, *harness.Room) (func(), error),
) error {
	r, err := b.OpenRoom(ctx, earRoom)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Pulse.JoinMouthAndEar(ctx); err != nil {
		return err
	}
	leave, err := enter(ctx, r)
	if err != nil {
		return err
	}
	defer leave()
	text, err := drive.Speak(ctx, "Whoever speaks wants to be heard at once. A pause that is too long makes two people "+
		"begin at the same time, stop at the same time, and begin again.", 50)
	if err != nil {
		return err
	}
	speech := text
	for len(speech) < int((earSettle+recorded).Seconds()*drive.SampleRate) {
		speech = append(speech, text...)
	}
	speaking, stop := context.WithCancel(ctx)
	spoken := make(chan error, 1)
	go func() { spoken <- r.Pulse.Say(speaking, speech) }()
	defer func() { stop(); <-spoken }()
	if err := harness.Pause(ctx, earSettle); err != nil {
		return err
	}
	said, heard, err := r.Pulse.RecordBoth(ctx, recorded)
	if err != nil {
		return err
	}
	took := delays(Slower(said), Slower(heard))
	if len(took) < 5 {
		return fmt.Errorf("of %v of speech only %d parts were heard", recorded, len(took))
	}
	e.Times.Add(b.Table, earWhat, who, took, earMost)
	return nil
}

// delays is how much later each part of what was said is heard.
func delays(said, heard []float64) (all report.Times) {
	for at := 0; at+part+longest <= min(len(said), len(heard)); at += part {
		if found, like := find(said[at:at+part], heard, at+longest/2, longest/2); like >= surely {
			all.Add(time.Duration(found-at) * time.Second / rate)
		}
	}
	return all
}
