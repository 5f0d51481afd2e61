//go:build linux

package window

import (
	"bytes"
	"context"
	"errors"
	"image"
	"slices"
	"time"

	"foyer/bench/internal/harness"
	"foyer/internal/desktop"
	"foyer/internal/drive"
)

const (
	looksRest  = 3                      // looks in a row with nothing new
	lookRest   = 40 * time.Millisecond  // between two of them
	restedFor  = 150 * time.Millisecond // without a change, after which none is expected
	answerWait = 15 * time.Second       // on a busy machine
)

// rests waits until a place looks the same for a while, and returns how.
func rests(ctx context.Context, eyes *desktop.Desktop, at image.Rectangle) (pix []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	for same := 0; same < looksRest; {
		img, err := eyes.Look(at)
		if err != nil {
			return nil, err
		}
		if same++; !bytes.Equal(img.Pix, pix) {
			same, pix = 0, img.Pix
		}
		if err := harness.Pause(ctx, lookRest); err != nil {
			return nil, err
		}
	}
	return pix, nil
}

// differs waits until a place looks in another way than each of those.
func differs(ctx context.Context, eyes *desktop.Desktop, at image.Rectangle, looks ...[]byte) (pix []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	var failed error
	err = drive.UntilEvery(ctx, time.Millisecond, func() bool {
		img, err := eyes.Look(at)
		if failed = err; err != nil {
			return true
		}
		pix = img.Pix
		return !slices.ContainsFunc(looks, func(look []byte) bool { return bytes.Equal(look, pix) })
	})
	return pix, errors.Join(err, failed)
}

// becomes waits until a place looks so.
func becomes(ctx context.Context, eyes *desktop.Desktop, at image.Rectangle, look []byte) error {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	var failed error
	err := drive.UntilEvery(ctx, harness.LookAgain, func() bool {
		img, err := eyes.Look(at)
		failed = err
		return err != nil || bytes.Equal(img.Pix, look)
	})
	return errors.Join(err, failed)
}

// changed waits until a place looks otherwise than before, and rests; it returns when it
// changed last.
func changed(
	ctx context.Context, eyes *desktop.Desktop, at image.Rectangle, before []byte,
) (last time.Time, err error) {
	pix, err := differs(ctx, eyes, at, before)
	for last = time.Now(); err == nil && time.Since(last) < restedFor; {
		var img *image.RGBA
		if img, err = eyes.Look(at); err == nil && !bytes.Equal(img.Pix, pix) {
			pix, last = img.Pix, time.Now()
		}
	}
	return last, err
}
