package devices

import (
	"encoding/binary"
	"io"
	"os"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/pause"
)

// IVF, as libvpx's ivfenc.c writes it: a header of 32 bytes, then for each
// frame its size (4 bytes), its time (8 bytes) and its data.
const (
	ivfMagic      = "DKIF"
	ivfHeaderSize = 32
	ivfFrameSize  = 12
	ivfMaxFrame   = MaxWidth * MaxHeight * 3 / 2 // larger than without compression
	ivfLongestGap = 10 * time.Second
)

type ivfHeader struct {
	mime          string
	width, height int
	tick          float64 // seconds
}

type ivfFrame struct {
	at   int64
	size int
	time time.Duration // since the first frame
}

// ivfFile plays an IVF file through a decoder.
type ivfFile struct {
	f       *os.File
	header  ivfHeader
	frames  []ivfFrame
	length  time.Duration // of one round
	decoder call.VideoDecoder

	began time.Time // of this round
	next  int
	data  []byte
}

func newIVF(f *os.File, size int64, newDecoder func(mime string) (call.VideoDecoder, error)) (*ivfFile, error) {
	h, frames, err := scanIVF(f, size)
	if err != nil {
		return nil, err
	}
	if newDecoder == nil {
		return nil, unreadable("no decoder for %s", h.mime)
	}
	i := &ivfFile{f: f, header: h, frames: frames, length: roundLength(frames)}
	if i.decoder, err = newDecoder(h.mime); err != nil {
		return nil, unreadable("no decoder for %s: %w", h.mime, err)
	}
	// Decoded once before anybody sees it: a file that cannot be played is
	// refused when it is chosen.
	var first call.VideoFrame
	if err := i.decode(0, &first); err != nil {
		i.decoder.Close()
		return nil, err
	}
	i.began = time.Now()
	return i, nil
}

// roundLength is the time of the last frame and the time for which it is shown.
func roundLength(p []ivfFrame) time.Duration {
	if len(p) == 1 {
		return time.Second / defaultCameraFPS
	}
	last := p[len(p)-1].time
	return last + last/time.Duration(len(p)-1)
}

func (i *ivfFile) Read(stop <-chan struct{}, dst *call.VideoFrame) error {
	if i.next == len(i.frames) {
		i.next, i.began = 0, i.began.Add(i.length)
	}
	late := time.Since(i.began.Add(i.frames[i.next].time))
	if late > time.Second { // the computer slept; catching up would flood everybody
		i.began = i.began.Add(late)
	}
	if !pause.Unless(stop, -late) {
		return ErrStopped
	}
	i.next++
	return i.decode(i.next-1, dst)
}

func (i *ivfFile) decode(n int, dst *call.VideoFrame) error {
	p := i.frames[n]
	if cap(i.data) < p.size {
		i.data = make([]byte, p.size)
	}
	data := i.data[:p.size]
	if err := readAt(i.f, data, p.at, "a frame"); err != nil {
		return err
	}
	if i.header.mime == mimeVP8 {
		if err := checkVP8(data, n == 0); err != nil {
			return err
		}
	}
	if err := i.decoder.Decode(data, dst); err != nil {
		return unreadable("frame %d: %w", n+1, err)
	}
	return checkSize(dst.Width, dst.Height)
}

func (i *ivfFile) Close() error {
	i.decoder.Close()
	return i.f.Close()
}

// Types of coded frames, as RTP names them.
const (
	mimeVP8 = "video/VP8"
	mimeVP9 = "video/VP9"
)

// scanIVF reads the header and finds every frame.
func scanIVF(r io.ReaderAt, size int64) (h ivfHeader, frames []ivfFrame, err error) {
	var head [ivfHeaderSize]byte
	if err := readAt(r, head[:], 0, "the header"); err != nil {
		return h, nil, err
	}
	at, err := h.parse(head)
	if err != nil {
		return h, nil, err
	}
	var began uint64
	for at < size {
		var b [ivfFrameSize]byte
		if err := readAt(r, b[:], at, "a frame's header"); err != nil {
			return h, nil, err
		}
		p := ivfFrame{at: at + ivfFrameSize}
		length, pts := binary.LittleEndian.Uint32(b[:]), binary.LittleEndian.Uint64(b[4:])
		if length == 0 || length > ivfMaxFrame {
			return h, nil, unreadable("frame %d has %d bytes", len(frames)+1, length)
		}
		p.size = int(length)
		if at = p.at + int64(length); at > size {
			return h, nil, unreadable("frame %d is cut", len(frames)+1)
		}
		if len(frames) == 0 {
			began = pts
		}
		if p.time, err = h.since(began, pts, frames); err != nil {
			return h, nil, err
		}
		if len(frames) == maxFrames {
			return h, nil, unreadable("more than %d frames", maxFrames)
		}
		frames = append(frames, p)
	}
	if len(frames) == 0 {
		return h, nil, unreadable("no frame in it")
	}
	return h, frames, nil
}

// parse reads the file's header and says where the first frame is.
func (h *ivfHeader) parse(b [ivfHeaderSize]byte) (first int64, err error) {
	if string(b[:4]) != ivfMagic {
		return 0, unreadable("not an IVF file")
	}
	le := binary.LittleEndian
	length := le.Uint16(b[6:])
	if length < ivfHeaderSize {
		return 0, unreadable("a header of %d bytes", length)
	}
	switch fourcc := string(b[8:12]); fourcc {
	case "VP80":
		h.mime = mimeVP8
	case "VP90":
		h.mime = mimeVP9
	default:
		return 0, unreadable("frames coded as %q, only VP8 and VP9 are possible", fourcc)
	}
	h.width, h.height = int(le.Uint16(b[12:])), int(le.Uint16(b[14:]))
	rate, scale := le.Uint32(b[16:]), le.Uint32(b[20:])
	if rate == 0 || scale == 0 {
		return 0, unreadable("a time base of %d/%d", scale, rate)
	}
	h.tick = float64(scale) / float64(rate)
	return int64(length), checkSize(h.width, h.height)
}

// since is the time of a frame, which must come after the one before.
func (h *ivfHeader) since(began, pts uint64, before []ivfFrame) (time.Duration, error) {
	n := len(before)
	seconds := float64(pts-began) * h.tick
	if pts < began || seconds > 1e6 {
		return 0, unreadable("the time of frame %d", n+1)
	}
	t := time.Duration(seconds * float64(time.Second))
	if n > 0 && (t <= before[n-1].time || t-before[n-1].time > ivfLongestGap) {
		return 0, unreadable("the time of frame %d", n+1)
	}
	return t, nil
}

// checkVP8 looks at the size in a key frame (RFC 6386 section 9.1) before a
// decoder allocates what a forged one asks for.
func checkVP8(data []byte, mustBeKey bool) error {
	if len(data) < 3 {
		return unreadable("a frame of %d bytes", len(data))
	}
	if data[0]&1 != 0 {
		if mustBeKey {
			return unreadable("it does not begin with a key frame")
		}
		return nil
	}
	if len(data) < 10 || data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a {
		return unreadable("a key frame is damaged")
	}
	w := int(binary.LittleEndian.Uint16(data[6:]) & 0x3fff)
	h := int(binary.LittleEndian.Uint16(data[8:]) & 0x3fff)
	return checkSize(w, h)
}
