//go:build linux

package hw

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/internal/silent"
)

// These tests need a V4L2 camera whose stalls and unplugging can be ordered: the
// kernel's vivid. scripts/vm-run.sh has one:
//
//	go test -c -o /tmp/hw.test ./engine/devices/hw
//	scripts/vm-run.sh -e FOYER_VM=1 -- /tmp/hw.test -test.v -test.run VM
const (
	vmVariable     = "FOYER_VM"
	childVariable  = "FOYER_VM_CHILD"
	vividNode      = "/dev/video0"
	cameraFiles    = "/dev/video"
	soundCardFiles = "/dev/snd/"
	patience       = 30 * time.Second // the machine is emulated
)

func needVM(t *testing.T) {
	if os.Getenv(vmVariable) == "" {
		t.Skip("needs a camera of the kernel's; runs in make vm-test")
	}
}

func cameraDevices(t *testing.T) *devices.Devices {
	d := devices.New(devices.Config{Log: silent.Log(), Drivers: Drivers(silent.Log())})
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func openCamera(ctx context.Context, d *devices.Devices, name string) (call.VideoCapture, error) {
	c, err := d.Open(ctx, call.DeviceRequest{Source: call.SourceCamera, Device: name, Width: 320, Height: 180, FPS: 15})
	if err != nil {
		return nil, err
	}
	return c.(call.VideoCapture), nil
}

func mustOpenCamera(t *testing.T, d *devices.Devices, name string) call.VideoCapture {
	t.Helper()
	c, err := openCamera(t.Context(), d, name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// holders counts our descriptors of files whose names begin so, as the kernel
// sees them.
func holders(t *testing.T, prefix string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(target, prefix) {
			n++
		}
	}
	return n
}

func control(t *testing.T, set string) {
	t.Helper()
	if out, err := exec.Command("v4l2-ctl", "-d", vividNode, "-c", set).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", set, err, out)
	}
}

// bind plugs the camera in or out.
func bind(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile("/sys/bus/platform/drivers/vivid/"+file, []byte("vivid.0"), 0); err != nil {
		t.Fatal(err)
	}
}

// setFormat is refused by the kernel while anything of an earlier stream is left.
func setFormat(t *testing.T) {
	t.Helper()
	for _, size := range []string{"width=640,height=360", "width=320,height=180"} {
		out, err := exec.CommandContext(t.Context(), "v4l2-ctl", "-d", vividNode, "-v", size+",pixelformat=YU12").CombinedOutput()
		if err != nil || strings.Contains(string(out), "busy") {
			t.Errorf("another program cannot set the format: %v: %s", err, out)
		}
	}
}

// anotherProgram takes frames until it is stopped, or so many.
func anotherProgram(t *testing.T, frames string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), "v4l2-ctl", "-d", vividNode, "--stream-mmap", "--stream-count="+frames, "--stream-poll")
}

func mustBeFree(t *testing.T) {
	t.Helper()
	if n := holders(t, cameraFiles); n != 0 {
		t.Errorf("%d descriptors of the camera are left", n)
	}
	setFormat(t)
	// It says "<" for every frame, and its exit status says nothing.
	out, err := anotherProgram(t, "2").CombinedOutput()
	if err != nil || strings.Count(string(out), "<") < 2 {
		t.Errorf("another program cannot use the camera: %v: %s", err, out)
	}
}

func closeTimed(t *testing.T, c call.Handle) {
	t.Helper()
	began := time.Now()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("closed in %v", time.Since(began).Round(100*time.Microsecond))
}

func TestVMOpenReadClose(t *testing.T) {
	needVM(t)
	d := cameraDevices(t)
	list, err := d.List(t.Context())
	if err != nil || len(list) == 0 || list[0].Name != "vivid" || list[0].ID != "video0" || !list[0].Default {
		t.Fatalf("listed %+v, %v", list, err)
	}
	if n := holders(t, cameraFiles); n != 0 {
		t.Errorf("listing holds the camera %d times", n)
	}
	for _, name := range []string{"", "vivid", "video0"} {
		c := mustOpenCamera(t, d, name)
		var f call.VideoFrame
		for range 4 {
			if err := c.ReadFrame(&f); err != nil {
				t.Fatal(err)
			}
		}
		if f.Width != 320 || f.Height != 180 {
			t.Errorf("frames of %dx%d", f.Width, f.Height)
		}
		// vivid shows 75 % colour bars: bright at the left, dark at the right.
		// Its text does not reach the lowest rows.
		left, right := f.Y[175*f.YStride+20], f.Y[175*f.YStride+310]
		if left < 150 || right > 60 {
			t.Errorf("the bars go from %d to %d", left, right)
		}
		if holders(t, cameraFiles) == 0 {
			t.Error("open, but the kernel knows nothing of it")
		}
		closeTimed(t, c)
		mustBeFree(t)
	}
}

func TestVMDefaultSize(t *testing.T) {
	needVM(t)
	d := cameraDevices(t)
	c, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceCamera})
	if err != nil {
		t.Fatal(err)
	}
	// vivid has 1280x720 at 10 frames per second only; the largest mode that
	// moves is 640x360 at 30.
	var f call.VideoFrame
	if err := c.(call.VideoCapture).ReadFrame(&f); err != nil || f.Width != 640 || f.Height != 360 {
		t.Errorf("a frame of %dx%d, %v", f.Width, f.Height, err)
	}
	closeTimed(t, c)
	mustBeFree(t)
}

func TestVMBusy(t *testing.T) {
	needVM(t)
	other := anotherProgram(t, "1000000")
	out, err := other.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // its first frame
		t.Fatal(err)
	}
	d := cameraDevices(t)
	c, err := openCamera(t.Context(), d, "")
	if !errors.Is(err, call.ErrDeviceBusy) {
		t.Errorf("while another program uses it: %v, %v", c, err)
	}
	t.Logf("busy: %v", err)
	if n := holders(t, cameraFiles); n != 0 {
		t.Errorf("%d descriptors of the camera are left", n)
	}
	_ = other.Process.Kill()
	_ = other.Wait()
	closeTimed(t, mustOpenCamera(t, d, ""))
	mustBeFree(t)
}

// Root may do everything: the test runs itself again as nobody.
func TestVMForbidden(t *testing.T) {
	needVM(t)
	if os.Getenv(childVariable) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestVMForbidden$", "-test.v")
		cmd.Env = append(os.Environ(), childVariable+"=1", "HOME=/")
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v: %s", err, out)
		}
		t.Logf("%s", out)
		return
	}
	d := cameraDevices(t)
	if list, err := d.List(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("listed %v, %v", list, err)
	}
	_, err := openCamera(t.Context(), d, "")
	if !errors.Is(err, call.ErrDeviceForbidden) {
		t.Errorf("forbidden: %v", err)
	}
	t.Logf("forbidden: %v", err)
}

func TestVMMissing(t *testing.T) {
	needVM(t)
	if _, err := openCamera(t.Context(), cameraDevices(t), "No such camera"); !errors.Is(err, call.ErrDeviceMissing) {
		t.Errorf("missing: %v", err)
	}
}

func TestVMUnplugged(t *testing.T) {
	needVM(t)
	d := cameraDevices(t)
	c := mustOpenCamera(t, d, "")
	var f call.VideoFrame
	if err := c.ReadFrame(&f); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	bind(t, "unbind")
	select {
	case <-c.Lost():
		t.Logf("lost after %v: %v", time.Since(began).Round(time.Millisecond), c.LostErr())
	case <-time.After(patience):
		t.Fatal("not reported as lost")
	}
	if !errors.Is(c.LostErr(), call.ErrDeviceLost) {
		t.Errorf("lost: %v", c.LostErr())
	}
	closeTimed(t, c)
	if n := holders(t, cameraFiles); n != 0 {
		t.Errorf("%d descriptors of the camera are left", n)
	}
	if _, err := openCamera(t.Context(), d, ""); !errors.Is(err, call.ErrDeviceMissing) {
		t.Errorf("while it is unplugged: %v", err)
	}
	bind(t, "bind")
	c = mustOpenCamera(t, d, "")
	if err := c.ReadFrame(&f); err != nil {
		t.Error(err)
	}
	closeTimed(t, c)
	mustBeFree(t)
}

func TestVMStalled(t *testing.T) {
	needVM(t)
	d := cameraDevices(t)
	c := mustOpenCamera(t, d, "")
	if err := c.ReadFrame(new(call.VideoFrame)); err != nil {
		t.Fatal(err)
	}
	control(t, "percentage_of_dropped_buffers=100")
	// The driver says nothing of what it drops; this is well inside its wait for
	// the next frame.
	time.Sleep(300 * time.Millisecond)
	closeTimed(t, c)

	// One that stays stalled is reported.
	control(t, "percentage_of_dropped_buffers=0")
	c = mustOpenCamera(t, d, "")
	if err := c.ReadFrame(new(call.VideoFrame)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	control(t, "percentage_of_dropped_buffers=100")
	select {
	case <-c.Lost():
		t.Logf("given up after %v: %v", time.Since(began).Round(time.Millisecond), c.LostErr())
	case <-time.After(patience):
		t.Error("a stalled camera is not reported")
	}
	closeTimed(t, c)
	control(t, "percentage_of_dropped_buffers=0")
	mustBeFree(t)
}

// Errors that a camera driver may have while it starts leave nothing open.
func TestVMStartFails(t *testing.T) {
	needVM(t)
	d := cameraDevices(t)
	if _, err := d.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, inject := range []string{"inject_vidioc_reqbufs_error", "inject_vidioc_streamon_error"} {
		control(t, inject+"=1")
		c, err := openCamera(t.Context(), d, "")
		if err == nil {
			t.Errorf("%s: opened", inject)
			_ = c.Close()
		}
		t.Logf("%s: %v", inject, err)
		mustBeFree(t)
	}
}

// Leaving while the camera is still opening, at random moments, and once more
// right away: nothing stays open, and we never are in our own way (contract L6).
func TestVMClosedWhileOpening(t *testing.T) {
	needVM(t)
	d := cameraDevices(t)
	// How long does it take when nobody interrupts?
	began := time.Now()
	if err := mustOpenCamera(t, d, "").Close(); err != nil {
		t.Error(err)
	}
	whole := time.Since(began)
	rng := rand.New(rand.NewPCG(7, 7))
	cancelled := 0
	for i := range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.Int64N(int64(whole))))
		c, err := openCamera(ctx, d, "")
		cancel()
		switch {
		case err == nil:
			if err := c.Close(); err != nil {
				t.Errorf("round %d: %v", i, err)
			}
		case errors.Is(err, context.DeadlineExceeded):
			cancelled++
		default:
			t.Errorf("round %d: %v", i, err)
		}
	}
	if err := mustOpenCamera(t, d, "").Close(); err != nil {
		t.Error(err)
	}
	t.Logf("%d of 50 openings of %v were called off", cancelled, whole.Round(time.Millisecond))
	mustBeFree(t)
}

// Any number of rounds use the same number of descriptors.
func TestVMRounds(t *testing.T) {
	needVM(t)
	d := cameraDevices(t)
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before := count()
	for range 20 {
		c := mustOpenCamera(t, d, "")
		if err := c.ReadFrame(new(call.VideoFrame)); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if after := count(); after > before+2 { // the poller's own
		t.Errorf("%d descriptors became %d", before, after)
	}
	mustBeFree(t)
}
