//go:build unix

package drive

import (
	"context"
	"fmt"
	"time"
)

// air is a sink in which what is said and what is heard meet: the first on its left
// side, the second on its right.
const air = "air"

// JoinMouthAndEar makes devices of which one clock tells how long audio takes from the
// one to the other: the default microphone hears what [Pulse.Say] says, and what is
// played on the default speaker is recorded beside it by [Pulse.RecordBoth].
func (p *Pulse) JoinMouthAndEar(ctx context.Context) error {
	for _, args := range [][]string{
		{"load-module", "module-null-sink", "sink_name=" + air, "rate=48000", "channels=2"},
		{"load-module", "module-remap-sink", "sink_name=ear", "master=" + air, "channels=1", "channel_map=mono",
			"master_channel_map=front-right", "remix=no"},
		{"load-module", "module-remap-source", "source_name=mouth", "master=" + air + ".monitor", "channels=1",
			"channel_map=mono", "master_channel_map=front-left", "remix=no"},
		{"set-default-sink", "ear"},
		{"set-default-source", "mouth"},
	} {
		if err := p.pactl(ctx, args...); err != nil {
			return fmt.Errorf("pactl %v: %w", args, err)
		}
	}
	return nil
}

// Say says samples before the mouth until ctx is done or they are over.
func (p *Pulse) Say(ctx context.Context, samples []int16) error {
	cmd := p.client(ctx, "pacat", "-d", air, "--raw", "--format=s16le", "--rate=48000", "--channels=1",
		"--channel-map=front-left", "--no-remix", "--latency-msec=200")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("pacat: %w", err)
	}
	_, err = in.Write(bytesOf(samples))
	_ = in.Close()
	if e := cmd.Wait(); err == nil {
		err = e
	}
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was ended by whoever asked for it
	}
	return err
}

// RecordBoth records for d, by one clock, what is said and what is heard.
func (p *Pulse) RecordBoth(ctx context.Context, d time.Duration) (said, heard []int16, err error) {
	both, err := p.record(ctx, air+".monitor", 2, d)
	for i := 0; i+1 < len(both); i += 2 {
		said, heard = append(said, both[i]), append(heard, both[i+1])
	}
	return said, heard, err
}
