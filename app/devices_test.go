package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"foyer/engine/call"
	"foyer/engine/devices"
)

// listed is a driver that can only list.
type listed struct {
	devices.VideoDriver
	list []call.Device
	err  error
}

func (l listed) List() ([]call.Device, error) { return l.list, l.err }

// listedAudio is the same for audio.
type listedAudio struct {
	devices.AudioDriver
	list []call.Device
}

func (l listedAudio) List() ([]call.Device, error) { return l.list, nil }

func drivers() devices.Drivers {
	return devices.Drivers{
		Camera: listed{list: []call.Device{
			{Source: call.SourceCamera, ID: "usb-1", Name: "HD Webcam", Default: true},
			{Source: call.SourceCamera, ID: "usb-2", Name: "Bad\x1b[31mname"},
		}},
		Screen: listed{err: errors.New("no display")},
		Audio: listedAudio{list: []call.Device{
			{Source: call.SourceMicrophone, ID: "alsa-1", Name: "Headset"},
			{Source: call.SourceSpeaker, ID: "alsa-2", Name: "Headset", Default: true},
		}},
	}
}

func TestDevicesListsWhatTheFlagsTake(t *testing.T) {
	var out, errs bytes.Buffer
	c := newCommand(io3{out: &out, err: &errs}, "devices", "devices")
	c.levels.All = 0
	if status := c.listDevices(drivers(), false); status != exitOK {
		t.Fatalf("status %d, %s", status, errs.String())
	}
	got := strings.ReplaceAll(out.String(), " ", "")
	for _, want := range []string{
		"--cameranoneNocamera", "--cameratestTestpattern", "--cameraFILE", "--cameraHDWebcamdefault\n", "--micHeadset\n",
		"--speakerdefaultdefault", "--speakerHeadsetdefault",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("a device's name writes to the terminal")
	}
}

func TestDevicesAsJSON(t *testing.T) {
	var out, errs bytes.Buffer
	c := newCommand(io3{out: &out, err: &errs}, "devices", "devices")
	if status := c.listDevices(drivers(), true); status != exitOK {
		t.Fatalf("status %d, %s", status, errs.String())
	}
	var got map[string]choice
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]choice{
		"camera": {[]string{"none", "test"}, []deviceChoice{
			{"usb-1", "HD Webcam", true}, {"usb-2", "Bad\x1b[31mname", false},
		}},
		"mic":     {[]string{"none", "test"}, []deviceChoice{{"alsa-1", "Headset", false}}},
		"speaker": {[]string{"none", "default"}, []deviceChoice{{"alsa-2", "Headset", true}}},
		"screen":  {[]string{}, []deviceChoice{}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}
