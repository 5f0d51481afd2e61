//go:build unix

package drive

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// SampleRate of everything that the sound server is fed with and recorded at,
// mono, signed 16 bit.
const SampleRate = 48000

const micChunk = 10 * time.Millisecond

// Pulse is a private PulseAudio with one playback device, "speaker", and one
// recording device, "mic", which hears silence until it is fed.
type Pulse struct {
	Dir    string // XDG_RUNTIME_DIR for its clients
	Server string // PULSE_SERVER, "unix:..."

	cmd  *exec.Cmd
	done chan struct{} // the server process has ended
	mic  *micFeeder
}

// Stream is somebody who plays or records.
type Stream struct {
	PID int
	App string
}

// StartPulse starts a server in a new folder below dir.
func StartPulse(ctx context.Context, dir string) (*Pulse, error) {
	if err := Need("pulseaudio", "pactl", "parec"); err != nil {
		return nil, err
	}
	root, err := os.MkdirTemp(dir, "pulse-")
	if err != nil {
		return nil, err
	}
	p := &Pulse{Dir: root, Server: "unix:" + filepath.Join(root, "native"), done: make(chan struct{})}
	fifo := filepath.Join(root, "mic.fifo")
	p.cmd = exec.Command("pulseaudio", "-n", "--daemonize=no", "--system=false", "--exit-idle-time=-1",
		"--use-pid-file=no", "--disallow-exit=true", "--realtime=no", "--high-priority=no", "--log-target=stderr",
		"-L", "module-native-protocol-unix auth-anonymous=1 socket="+filepath.Join(root, "native"),
		"-L", "module-null-sink sink_name=speaker rate=48000 channels=2 sink_properties=device.description=TestSpeaker",
		"-L", "module-pipe-source source_name=mic format=s16le rate=48000 channels=1 "+
			"source_properties=device.description=TestMic file="+fifo)
	// Without the user's session, or PulseAudio would look for a bus and a
	// display.
	p.cmd.Env = append(Without(os.Environ(), "DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "PULSE_SERVER"),
		"HOME="+root, "XDG_RUNTIME_DIR="+root, "PULSE_RUNTIME_PATH="+root, "PULSE_COOKIE="+filepath.Join(root, "cookie"))
	log, err := os.Create(filepath.Join(root, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Stderr = log
	Bind(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("pulseaudio: %w", err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	if err := p.await(ctx, fifo); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Pulse) await(ctx context.Context, fifo string) error {
	ctx, cancel := context.WithTimeout(ctx, StartLimit)
	defer cancel()
	err := Until(ctx, func() bool {
		return p.pactl(ctx, "set-default-source", "mic") == nil && p.pactl(ctx, "set-default-sink", "speaker") == nil
	})
	if err != nil {
		return fmt.Errorf("pulseaudio did not start, see %s: %w", filepath.Join(p.Dir, "log"), err)
	}
	p.mic, err = startMicFeeder(fifo)
	return err
}

// Env is what a client needs to use this server and no other.
func (p *Pulse) Env() []string {
	return []string{"PULSE_SERVER=" + p.Server, "XDG_RUNTIME_DIR=" + p.Dir}
}

// FeedMic says samples into the microphone and returns when they were heard.
func (p *Pulse) FeedMic(ctx context.Context, samples []int16) error { return p.mic.play(ctx, samples) }

// RecordSpeaker listens to what is played for d.
func (p *Pulse) RecordSpeaker(ctx context.Context, d time.Duration) ([]int16, error) {
	return p.record(ctx, "speaker.monitor", 1, d)
}

// record listens to a device for d.
func (p *Pulse) record(ctx context.Context, device string, channels int, d time.Duration) ([]int16, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := p.client(ctx, "parec", "-d", device,
		"--raw", "--format=s16le", "--rate=48000", fmt.Sprint("--channels=", channels), "--latency-msec=20")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("parec: %w", err)
	}
	buf := make([]byte, 2*channels*int(d.Seconds()*SampleRate))
	n, err := io.ReadFull(out, buf)
	cancel()
	_ = cmd.Wait() // ended by us
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("parec: %w", err)
	}
	return samplesOf(buf[:n&^1]), nil
}

// client prepares a program that uses this server.
func (p *Pulse) client(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), p.Env()...)
	Bind(cmd)
	return cmd
}

func bytesOf(s []int16) []byte {
	b := make([]byte, 2*len(s))
	for i, v := range s {
		binary.LittleEndian.PutUint16(b[2*i:], uint16(v))
	}
	return b
}

func samplesOf(b []byte) []int16 {
	s := make([]int16, len(b)/2)
	for i := range s {
		s[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return s
}

// SourceOutputs lists who records.
func (p *Pulse) SourceOutputs(ctx context.Context) ([]Stream, error) {
	return p.streams(ctx, "source-outputs")
}

// SinkInputs lists who plays.
func (p *Pulse) SinkInputs(ctx context.Context) ([]Stream, error) {
	return p.streams(ctx, "sink-inputs")
}

func (p *Pulse) streams(ctx context.Context, what string) ([]Stream, error) {
	cmd := p.command(ctx, "--format=json", "list", what)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("pactl list %s: %w", what, err)
	}
	var rows []struct {
		Properties map[string]string `json:"properties"`
	}
	if err := json.Unmarshal(out, &rows); err != nil {
		return nil, fmt.Errorf("pactl list %s: %w", what, err)
	}
	streams := make([]Stream, 0, len(rows))
	for _, r := range rows {
		pid, _ := strconv.Atoi(r.Properties["application.process.id"]) // 0: a module of the server's
		streams = append(streams, Stream{PID: pid, App: r.Properties["application.name"]})
	}
	return streams, nil
}

// LoseMic takes the recording device away, as an unplugged cable does.
func (p *Pulse) LoseMic(ctx context.Context) error {
	return p.pactl(ctx, "unload-module", "module-pipe-source")
}

// Freeze stops the server in its tracks, as a hung one would; Thaw wakes it.
func (p *Pulse) Freeze() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw undoes Freeze.
func (p *Pulse) Thaw() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// Close ends the server, if it still runs. Safe to call twice.
func (p *Pulse) Close() {
	if p.mic != nil {
		p.mic.close()
	}
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *Pulse) pactl(ctx context.Context, args ...string) error {
	return p.command(ctx, args...).Run()
}

func (p *Pulse) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := p.client(ctx, "pactl", args...)
	cmd.Env = append(cmd.Env, "LC_ALL=C")
	return cmd
}

// micFeeder writes silence, or what it is given, into the recording device's
// pipe at the speed of a real microphone: a pipe source without a writer
// delivers nothing at all, which no microphone does.
type micFeeder struct {
	pipe   *os.File
	speech chan *speech
	stop   chan struct{}
	done   chan struct{}
	once   sync.Once
}

type speech struct {
	samples []int16
	heard   chan struct{}
}

func startMicFeeder(fifo string) (*micFeeder, error) {
	// Opened for both directions: that never waits for a reader, and a full
	// pipe answers EAGAIN instead of blocking when the server is frozen.
	fd, err := syscall.Open(fifo, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("microphone pipe: %w", err)
	}
	f := &micFeeder{
		pipe: os.NewFile(uintptr(fd), fifo), speech: make(chan *speech),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	go f.run(fd)
	return f, nil
}

func (f *micFeeder) run(fd int) {
	defer close(f.done)
	tick := time.NewTicker(micChunk)
	defer tick.Stop()
	start, sent := time.Now(), 0
	var now *speech
	for {
		in := f.speech
		if now != nil {
			in = nil // one at a time
		}
		select {
		case <-f.stop:
			return
		case now = <-in:
		case <-tick.C:
			due := int(time.Since(start).Seconds()*SampleRate) - sent
			sent += due
			chunk := make([]byte, 2*due)
			now = now.fill(chunk)
			_, _ = syscall.Write(fd, chunk) // a full pipe loses audio, like a real one
		}
	}
}

// fill takes the next samples and returns what is left to say.
func (s *speech) fill(chunk []byte) *speech {
	if s == nil {
		return nil
	}
	n := min(len(chunk)/2, len(s.samples))
	for i, v := range s.samples[:n] {
		binary.LittleEndian.PutUint16(chunk[2*i:], uint16(v))
	}
	if s.samples = s.samples[n:]; len(s.samples) > 0 {
		return s
	}
	close(s.heard)
	return nil
}

func (f *micFeeder) play(ctx context.Context, samples []int16) error {
	if len(samples) == 0 {
		return nil
	}
	s := &speech{samples: samples, heard: make(chan struct{})}
	select {
	case f.speech <- s:
	case <-f.done:
		return os.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.heard:
		return nil
	case <-f.done:
		return os.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *micFeeder) close() {
	f.once.Do(func() { close(f.stop) })
	<-f.done
	_ = f.pipe.Close()
}
