package hw

import "testing"

func TestHeadset(t *testing.T) {
	for _, tt := range []struct {
		name, id string
		want     bool
	}{
		{"Built-in Audio Analog Stereo", "alsa_output.pci-0000_00_1f.3.analog-stereo", false},
		{"HDMI Output", "alsa_output.hdmi-stereo", false},
		{"JBL Flip 5", "bluez_output.00_11_22.a2dp-sink", false},
		{"WH-1000XM4", "bluez_output.00_11_22.headset-head-unit", true},
		{"Jabra Evolve 40 Headset", "", true},
		{"Kopfhörer (Realtek(R) Audio)", "7b", true},
		{"Ada’s AirPods", "", true},
		{"Speakers (Realtek(R) Audio)", "", false},
		{"", "", false},
	} {
		if got := isHeadset(tt.name, tt.id); got != tt.want {
			t.Errorf("%q, %q: %v", tt.name, tt.id, got)
		}
	}
}
