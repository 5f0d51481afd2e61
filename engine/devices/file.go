package devices

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"foyer/engine/call"
)

// The kinds of files that can be played.
const (
	extIVF = ".ivf"
	extY4M = ".y4m"
	extWAV = ".wav"
)

// maxFrames limits the index of a video file: nine hours at 30 frames a
// second.
const maxFrames = 1 << 20

// unreadable says what is wrong with a file.
func unreadable(format string, args ...any) error {
	return fmt.Errorf("%w: %w", call.ErrFileUnreadable, fmt.Errorf(format, args...))
}

// openRegular opens a file and says how long it is. Anything else, such as a
// FIFO, could block forever.
func openRegular(path string) (*os.File, int64, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, 0, unopened(err)
	}
	if !st.Mode().IsRegular() {
		return nil, 0, unreadable("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, unopened(err)
	}
	return f, st.Size(), nil
}

// unopened tells a file that is missing or forbidden from an unusable one.
func unopened(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return unreadable("%w", call.ErrFileMissing)
	case errors.Is(err, fs.ErrPermission):
		return unreadable("%w: %w", call.ErrFileForbidden, reason(err))
	default:
		return unreadable("%w", reason(err))
	}
}

// reason leaves out the path, which the DeviceError names already.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// readAt fills buf from the file; a file that ends too early is cut.
func readAt(r io.ReaderAt, buf []byte, at int64, what string) error {
	if n, err := r.ReadAt(buf, at); n < len(buf) {
		if errors.Is(err, io.EOF) {
			return unreadable("%s is cut", what)
		}
		return unreadable("%s: %w", what, err)
	}
	return nil
}

// openVideoFile opens a file that stands in for a camera, and runs round and
// round at its own speed.
func openVideoFile(path string, newDecoder func(mime string) (call.VideoDecoder, error)) (VideoStream, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	var s VideoStream
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case extY4M:
		s, err = newY4M(f, size)
	case extIVF:
		s, err = newIVF(f, size, newDecoder)
	default:
		err = unreadable("%q is neither %s nor %s", ext, extIVF, extY4M)
	}
	if err != nil {
		_ = f.Close() // it was only read
		return nil, err
	}
	return s, nil
}

// checkSize refuses frames that no camera makes.
func checkSize(w, h int) error {
	if w < 2 || h < 2 || w > MaxWidth || h > MaxHeight {
		return unreadable("frames of %dx%d, at most %dx%d are possible", w, h, MaxWidth, MaxHeight)
	}
	return nil
}
