//go:build linux

package leaving

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/internal/drive"
	"foyer/internal/drive/fangate"
)

// Stalled measures leaving while the camera delivers nothing any more: a read of
// it does not come back from the kernel.
func Stalled(ctx context.Context, b *harness.Bench) error {
	r, err := b.OpenRoom(ctx, "stalled")
	if err != nil {
		return err
	}
	defer r.Close()
	var took report.Times
	stuck := 0
	for i := range min(20, b.Rounds) {
		left, err := stalledOnce(ctx, b, r, "stalled"+strconv.Itoa(i), &took)
		if err != nil {
			return err
		}
		if names, _ := left.Get("stuck").([]any); len(names) > 0 {
			stuck++
		}
	}
	b.Table.Row("Leave with a stalled camera -> lobby",
		fmt.Sprintf("%s, named as stuck %d times", took, stuck), "<= 2000 ms", took.At(1) <= 2000)
	return nil
}

func stalledOnce(
	ctx context.Context, b *harness.Bench, r *harness.Room, name string, took *report.Times,
) (left drive.Event, err error) {
	dir, err := b.Folder("camera")
	if err != nil {
		return left, err
	}
	film := filepath.Join(dir, "camera.y4m")
	if err := os.WriteFile(film, y4m(320, 180, 30), 0o600); err != nil {
		return left, err
	}
	gate, err := fangate.New(film, fangate.OnRead, false)
	if err != nil {
		return left, err
	}
	defer func() { err = errors.Join(err, gate.Close()) }()
	p, err := r.Enter(ctx, name, "--camera", film)
	if err != nil {
		return left, err
	}
	if _, err := harness.Wait(ctx, p, "track_published", 0, harness.Local("camera")); err != nil {
		return left, err
	}
	gate.Shut()
	// By the next second's statistics the reader stands before the gate.
	if _, err := harness.Wait(ctx, p, "stats", p.Mark(), nil); err != nil {
		return left, err
	}
	sent, left, err := harness.LeaveOnce(ctx, p)
	took.Add(left.Seen.Sub(sent))
	gate.Open()
	p.Close(drive.CloseGrace)
	return left, err
}

// y4m is a film of grey frames.
func y4m(w, h, frames int) []byte {
	film := fmt.Appendf(nil, "YUV4MPEG2 W%d H%d F30:1 Ip A1:1 C420jpeg\n", w, h)
	for range frames {
		film = append(append(film, "FRAME\n"...), bytes.Repeat([]byte{128}, w*h*3/2)...)
	}
	return film
}
