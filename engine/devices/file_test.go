package devices

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/devices/testpicture"
	"foyer/engine/internal/silent"
)

// y4m makes a file with n test patterns.
func y4m(header string, w, h, n int) []byte {
	b := bytes.NewBufferString(header + "\n")
	p := testpicture.NewPainter(w, h)
	var f call.VideoFrame
	for i := range n {
		p.Draw(&f, i)
		b.WriteString("FRAME\n")
		b.Write(f.Y)
		b.Write(f.U)
		b.Write(f.V)
	}
	return b.Bytes()
}

// ivf makes a file of frames that the fake decoder understands: VP8 key frames
// that are nothing but a header and a number.
func ivf(fourcc string, w, h, n int) []byte {
	b := make([]byte, ivfHeaderSize)
	copy(b, ivfMagic)
	le := binary.LittleEndian
	le.PutUint16(b[6:], ivfHeaderSize)
	copy(b[8:], fourcc)
	le.PutUint16(b[12:], uint16(w))
	le.PutUint16(b[14:], uint16(h))
	le.PutUint32(b[16:], 50)
	le.PutUint32(b[20:], 1)
	for i := range n {
		data := []byte{0, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 0, 0, byte(i)}
		le.PutUint16(data[6:], uint16(w))
		le.PutUint16(data[8:], uint16(h))
		b = le.AppendUint32(b, uint32(len(data)))
		b = le.AppendUint64(b, uint64(i))
		b = append(b, data...)
	}
	return b
}

type fakeDecoder struct {
	painter *testpicture.Painter
	closed  int
}

func (d *fakeDecoder) Decode(data []byte, dst *call.VideoFrame) error {
	if len(data) < 11 {
		return errors.New("no number in it")
	}
	d.painter.Draw(dst, int(data[10]))
	return nil
}

func (d *fakeDecoder) Close() { d.closed++ }

// wav makes a file; data is as it is.
func wav(tag, channels, rate, bits int, data []byte) []byte {
	le := binary.LittleEndian
	b := append([]byte("RIFF"), le.AppendUint32(nil, uint32(36+len(data)))...)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, uint16(tag))
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*bits/8))
	b = le.AppendUint16(b, uint16(channels*bits/8))
	b = le.AppendUint16(b, uint16(bits))
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func pcm(samples ...int16) []byte {
	var b []byte
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVideoFilesPlayRoundAndRound(t *testing.T) {
	t.Parallel()
	decoder := &fakeDecoder{painter: testpicture.NewPainter(128, 96)}
	d := New(Config{Log: silent.Log(), NewDecoder: func(mime string) (call.VideoDecoder, error) {
		if mime != mimeVP8 {
			return nil, fmt.Errorf("no %s", mime)
		}
		return decoder, nil
	}})
	for name, data := range map[string][]byte{
		"a.y4m": y4m("YUV4MPEG2 W128 H96 F50:1 Ip A1:1 C420jpeg XYSCSS=420JPEG", 128, 96, 5),
		"b.Y4M": y4m("YUV4MPEG2 W128 H96 F50:1", 128, 96, 5),
		"c.ivf": ivf("VP80", 128, 96, 5),
	} {
		c := mustOpen(t, d, write(t, name, data))
		seen := map[int]int{}
		var f call.VideoFrame
		began := time.Now()
		for range 12 {
			if err := c.ReadFrame(&f); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			n, ok := testpicture.Read(&f)
			if !ok || f.Width != 128 || f.Height != 96 {
				t.Fatalf("%s: frame %d of %dx%d, %v", name, n, f.Width, f.Height, ok)
			}
			seen[n]++
		}
		if took := time.Since(began); took < 100*time.Millisecond { // 12 frames at 50 a second, the first of them late
			t.Errorf("%s: 12 frames in %v", name, took)
		}
		if len(seen) < 3 || len(seen) > 5 {
			t.Errorf("%s: saw %v", name, seen)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if decoder.closed != 1 {
		t.Errorf("the decoder was closed %d times", decoder.closed)
	}
}

func TestUnreadableVideoFiles(t *testing.T) {
	t.Parallel()
	good := y4m("YUV4MPEG2 W64 H48 F25:1", 64, 48, 3)
	goodIVF := ivf("VP80", 64, 48, 3)
	huge := ivf("VP80", 64, 48, 2)
	binary.LittleEndian.PutUint16(huge[ivfHeaderSize+ivfFrameSize+6:], 16383)
	inter := ivf("VP80", 64, 48, 2)
	inter[ivfHeaderSize+ivfFrameSize] |= 1
	d := New(Config{Log: silent.Log(), NewDecoder: func(mime string) (call.VideoDecoder, error) {
		if mime != mimeVP8 {
			return nil, errors.New("unknown")
		}
		return &fakeDecoder{painter: testpicture.NewPainter(64, 48)}, nil
	}})
	folder := filepath.Join(t.TempDir(), "folder.y4m")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, reason string }{
		{filepath.Join(t.TempDir(), "gone.y4m"), "no such file"},
		{folder, "not a regular file"},
		{write(t, "a.mp4", []byte("x")), "neither"},
		{write(t, "empty.y4m", nil), "cut"},
		{write(t, "a.y4m", []byte("RIFF\n")), "not a Y4M"},
		{write(t, "a.y4m", []byte("YUV4MPEG2 W64 H48\n")), "no frame"},
		{write(t, "a.y4m", good[:len(good)-1]), "frame 3 is cut"},
		{write(t, "a.y4m", append(good, "JUNK\n"...)), "no frame where"},
		{write(t, "a.y4m", []byte("YUV4MPEG2 W99999 H99999\n")), "99999x99999"},
		{write(t, "a.y4m", []byte("YUV4MPEG2 H48\n")), "0x48"},
		{write(t, "a.y4m", []byte("YUV4MPEG2 W64 H48 C422\n")), "422"},
		{write(t, "a.y4m", []byte("YUV4MPEG2 W64 H48 F1:0\n")), "F1:0"},
		{write(t, "a.y4m", []byte("YUV4MPEG2 "+strings.Repeat("X", 5000))), "longer"},
		{write(t, "a.ivf", goodIVF[:20]), "header is cut"},
		{write(t, "a.ivf", goodIVF[:len(goodIVF)-1]), "frame 3 is cut"},
		{write(t, "a.ivf", goodIVF[:ivfHeaderSize]), "no frame"},
		{write(t, "a.ivf", ivf("H264", 64, 48, 1)), "H264"},
		{write(t, "a.ivf", ivf("VP90", 64, 48, 1)), "no decoder"},
		{write(t, "a.ivf", ivf("VP80", 16383, 16383, 1)), "16383x16383"},
		{write(t, "a.ivf", huge), "16383x48"},
		{write(t, "a.ivf", inter), "key frame"},
	} {
		v, err := openCamera(t.Context(), d, c.path)
		var named *call.DeviceError
		if err == nil || !errors.Is(err, call.ErrFileUnreadable) || !errors.As(err, &named) || named.Device != c.path {
			t.Errorf("%s: %v", c.path, err)
		} else if !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%q does not tell %q", err, c.reason)
		}
		if v != nil {
			_ = v.Close()
		}
	}
}

// A file that is cut while it plays is a lost device.
func TestFileCutMeanwhile(t *testing.T) {
	t.Parallel()
	path := write(t, "a.y4m", y4m("YUV4MPEG2 W64 H48 F100:1", 64, 48, 3))
	c := mustOpen(t, New(Config{Log: silent.Log()}), path)
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	<-c.Lost()
	if err := c.LostErr(); !errors.Is(err, call.ErrFileUnreadable) {
		t.Errorf("lost: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestWAV(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rate, channels int }{{8000, 1}, {16000, 2}, {22050, 1}, {44100, 2}, {48000, 1}, {48000, 2}} {
		samples := make([]int16, 0, c.rate*c.channels)
		for i := range c.rate {
			v := int16(10000 * math.Sin(2*math.Pi*1000*float64(i)/float64(c.rate)))
			for range c.channels {
				samples = append(samples, v)
			}
		}
		data := wav(wavPCM, c.channels, c.rate, 16, pcm(samples...))
		w, err := readWAV(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]int16, 2*call.SampleRate*c.channels) // twice round
		if err := w.fill(got); err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		for i, v := range got {
			worst = max(worst, math.Abs(float64(v)-10000*math.Sin(2*math.Pi*1000*float64(i/c.channels)/call.SampleRate)))
		}
		if worst > 100 { // -40 dB
			t.Errorf("%d Hz, %d channels: off by %.0f of 10000", c.rate, c.channels, worst)
		}
	}
}

func TestWAVIsHeardAtItsSpeed(t *testing.T) {
	t.Parallel()
	path := write(t, "a.wav", wav(wavPCM, 1, 48000, 16, pcm(1, 2, 3)))
	m := openMic(t, New(Config{Log: silent.Log()}), path)
	buf := make([]int16, call.SampleRate/5)
	began := time.Now()
	if err := m.ReadAudio(buf); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("200 ms in %v", took)
	}
	for i, v := range buf {
		if v != int16(i%3+1) {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestUnreadableWAV(t *testing.T) {
	t.Parallel()
	good := wav(wavPCM, 1, 48000, 16, pcm(1, 2, 3, 4))
	openEnded := bytes.Clone(good)
	binary.LittleEndian.PutUint32(openEnded[40:], math.MaxUint32)
	if _, err := readWAV(bytes.NewReader(openEnded), int64(len(openEnded))); err != nil {
		t.Errorf("written to a pipe: %v", err)
	}
	for _, c := range []struct {
		reason string
		data   []byte
	}{
		{"cut", nil},
		{"not a WAV", []byte(strings.Repeat("x", 100))},
		{"cut", good[:30]},
		{"cut: 6 of 8", good[:len(good)-2]},
		{"no audio", wav(wavPCM, 1, 48000, 16, nil)},
		{"coded as 3", wav(3, 1, 48000, 32, make([]byte, 8))},
		{"8 bit", wav(wavPCM, 1, 48000, 8, make([]byte, 8))},
		{"6 channels", wav(wavPCM, 6, 48000, 16, make([]byte, 24))},
		{"96000 Hz", wav(wavPCM, 1, 96000, 16, make([]byte, 24))},
		{"4000 Hz", wav(wavPCM, 1, 4000, 16, make([]byte, 24))},
	} {
		_, err := readWAV(bytes.NewReader(c.data), int64(len(c.data)))
		if !errors.Is(err, call.ErrFileUnreadable) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%v does not tell %q", err, c.reason)
		}
	}
	_, err := New(Config{Log: silent.Log()}).Open(t.Context(), call.DeviceRequest{Source: call.SourceMicrophone, Device: "gone.wav"})
	if !errors.Is(err, call.ErrFileUnreadable) || !errors.Is(err, call.ErrFileMissing) {
		t.Errorf("missing file: %v", err)
	}
}

// The error says what is wrong with a file that cannot even be opened.
func TestUnopened(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ err, want error }{
		{&fs.PathError{Op: "open", Path: "a.y4m", Err: syscall.EACCES}, call.ErrFileForbidden},
		{&fs.PathError{Op: "stat", Path: "a.y4m", Err: syscall.ENOENT}, call.ErrFileMissing},
		{&fs.PathError{Op: "open", Path: "a.y4m", Err: syscall.EMFILE}, syscall.EMFILE},
	} {
		err := call.DeviceErrorOf(call.Device{Source: call.SourceCamera, ID: "a.y4m"}, unopened(c.err))
		if !errors.Is(err, call.ErrFileUnreadable) || !errors.Is(err, c.want) || strings.Count(err.Error(), "a.y4m") != 1 {
			t.Errorf("%v became %v", c.err, err)
		}
	}
}

func TestTestCamera(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Log: silent.Log()}).Open(t.Context(), call.DeviceRequest{Source: call.SourceCamera, Device: call.DeviceTest, FPS: 60})
	if err != nil {
		t.Fatal(err)
	}
	var f call.VideoFrame
	last := -1
	for range 10 {
		if err := c.(call.VideoCapture).ReadFrame(&f); err != nil {
			t.Fatal(err)
		}
		n, ok := testpicture.Read(&f)
		if !ok || n <= last || f.Width != 1280 || f.Height != 720 {
			t.Fatalf("frame %d after %d, %dx%d, %v", n, last, f.Width, f.Height, ok)
		}
		last = n
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// Whatever bytes a file has, it is played or refused, and nothing is allocated
// that the file does not fill.
func FuzzY4M(f *testing.F) {
	f.Add(y4m("YUV4MPEG2 W16 H16 F25:1 C420jpeg", 16, 16, 2))
	f.Add([]byte("YUV4MPEG2 W2 H2 F0:0\nFRAME Ip\n012345"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, frames, err := scanY4M(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			if !errors.Is(err, call.ErrFileUnreadable) {
				t.Error(err)
			}
			return
		}
		luma, chroma := h.planes()
		for _, at := range frames {
			if at < 0 || at+int64(luma+2*chroma) > int64(len(data)) {
				t.Errorf("frame at %d of %d bytes", at, len(data))
			}
		}
		if h.every <= 0 {
			t.Errorf("a frame every %v", h.every)
		}
	})
}

func FuzzIVF(f *testing.F) {
	f.Add(ivf("VP80", 64, 48, 3))
	f.Add(ivf("VP90", 64, 48, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, frames, err := scanIVF(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			if !errors.Is(err, call.ErrFileUnreadable) {
				t.Error(err)
			}
			return
		}
		last := time.Duration(-1)
		for _, p := range frames {
			if p.at < 0 || p.size <= 0 || p.at+int64(p.size) > int64(len(data)) || p.time <= last {
				t.Errorf("frame %+v of %d bytes", p, len(data))
			}
			last = p.time
			_ = checkVP8(data[p.at:p.at+int64(p.size)], false)
		}
		if l := roundLength(frames); l <= last {
			t.Errorf("a round of %v, the last frame at %v", l, last)
		}
	})
}

func FuzzWAV(f *testing.F) {
	f.Add(wav(wavPCM, 1, 48000, 16, pcm(1, 2, 3)))
	f.Add(wav(wavPCM, 2, 8000, 16, pcm(1, 2, 3, 4)))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := readWAV(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			if !errors.Is(err, call.ErrFileUnreadable) {
				t.Error(err)
			}
			return
		}
		if err := w.fill(make([]int16, 1000)); err != nil {
			t.Error(err)
		}
	})
}
