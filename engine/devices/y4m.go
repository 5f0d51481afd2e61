package devices

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/devices/yuv"
)

// YUV4MPEG2, as mjpegtools' yuv4mpeg(5) describes it: a line of parameters, then
// for each frame a line that begins with FRAME and the three planes.
const (
	y4mMagic     = "YUV4MPEG2"
	y4mFrame     = "FRAME"
	y4mMaxHeader = 1024
	y4mMaxLine   = 256
)

type y4mHeader struct {
	width, height int
	every         time.Duration
	fullRange     bool
}

func (h y4mHeader) planes() (luma, chroma int) {
	return h.width * h.height, ((h.width + 1) / 2) * ((h.height + 1) / 2)
}

// y4mFile plays a Y4M file.
type y4mFile struct {
	f      *os.File
	header y4mHeader
	frames []int64 // where the planes begin
	pace   pace
}

func newY4M(f *os.File, size int64) (*y4mFile, error) {
	h, frames, err := scanY4M(f, size)
	if err != nil {
		return nil, err
	}
	return &y4mFile{f: f, header: h, frames: frames, pace: newPace(h.every)}, nil
}

func (y *y4mFile) Read(stop <-chan struct{}, dst *call.VideoFrame) error {
	n, err := y.pace.wait(stop)
	if err != nil {
		return err
	}
	at := y.frames[n%len(y.frames)]
	dst.Reset(y.header.width, y.header.height)
	for _, plane := range [][]byte{dst.Y, dst.U, dst.V} {
		if err := readAt(y.f, plane, at, "a frame"); err != nil {
			return err
		}
		at += int64(len(plane))
	}
	if y.header.fullRange {
		yuv.ToVideoRange(dst)
	}
	return nil
}

func (y *y4mFile) Close() error { return y.f.Close() }

// scanY4M reads the header and finds every frame, so that a cut file is
// refused before anybody sees it.
func scanY4M(r io.ReaderAt, size int64) (h y4mHeader, frames []int64, err error) {
	line, at, err := readLine(r, 0, y4mMaxHeader)
	if err != nil {
		return h, nil, err
	}
	if h, err = parseY4MHeader(line); err != nil {
		return h, nil, err
	}
	luma, chroma := h.planes()
	for at < size {
		line, next, err := readLine(r, at, y4mMaxLine)
		if err != nil {
			return h, nil, err
		}
		if line != y4mFrame && !strings.HasPrefix(line, y4mFrame+" ") {
			return h, nil, unreadable("no frame where one should begin, at byte %d", at)
		}
		if at = next + int64(luma+2*chroma); at > size {
			return h, nil, unreadable("frame %d is cut", len(frames)+1)
		}
		if len(frames) == maxFrames {
			return h, nil, unreadable("more than %d frames", maxFrames)
		}
		frames = append(frames, next)
	}
	if len(frames) == 0 {
		return h, nil, unreadable("no frame in it")
	}
	return h, frames, nil
}

// readLine reads a line without its end and says where the next byte is.
func readLine(r io.ReaderAt, at int64, limit int) (string, int64, error) {
	buf := make([]byte, limit)
	n, err := r.ReadAt(buf, at)
	if err != nil && n == 0 {
		return "", 0, unreadable("a header is cut")
	}
	end := bytes.IndexByte(buf[:n], '\n')
	switch {
	case end >= 0:
		return string(buf[:end]), at + int64(end) + 1, nil
	case n < limit:
		return "", 0, unreadable("a header is cut")
	default:
		return "", 0, unreadable("a header is longer than %d bytes", limit)
	}
}

func parseY4MHeader(line string) (h y4mHeader, err error) {
	fields := strings.Fields(line)
	if len(fields) == 0 || fields[0] != y4mMagic {
		return h, unreadable("not a Y4M file")
	}
	h.every = time.Second / defaultCameraFPS // a rate of 0:0 means unknown
	for _, f := range fields[1:] {
		if err := h.set(f[0], f[1:]); err != nil {
			return h, err
		}
	}
	return h, checkSize(h.width, h.height)
}

// set takes one parameter of the header. Aspect and interlacing do not matter
// here.
func (h *y4mHeader) set(key byte, value string) (err error) {
	switch key {
	case 'W':
		h.width, err = strconv.Atoi(value)
	case 'H':
		h.height, err = strconv.Atoi(value)
	case 'F':
		h.every, err = parseRate(value)
	case 'C':
		switch value {
		case "420", "420jpeg", "420mpeg2", "420paldv":
		default:
			return unreadable("colours as %q, only 8 bit 4:2:0 is possible", value)
		}
	case 'X':
		h.fullRange = h.fullRange || value == "COLORRANGE=FULL"
	}
	if err != nil {
		return unreadable("parameter %c%s", key, value)
	}
	return nil
}

// parseRate reads frames per second as numerator:denominator.
func parseRate(s string) (time.Duration, error) {
	a, b, ok := strings.Cut(s, ":")
	num, err1 := strconv.Atoi(a)
	den, err2 := strconv.Atoi(b)
	if !ok || err1 != nil || err2 != nil || num < 0 || den < 0 || den > 1e9 {
		return 0, unreadable("rate %q", s)
	}
	if num == 0 {
		return time.Second / defaultCameraFPS, nil
	}
	every := time.Duration(float64(time.Second) * float64(den) / float64(num))
	if every < time.Second/240 || every > 10*time.Second {
		return 0, unreadable("rate %q", s)
	}
	return every, nil
}
