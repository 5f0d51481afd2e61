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
		// Bluetooth loudspeakers have the profiles of headsets.
		{"JBL Flip 5", "bluez_output.00_11_22.headset-head-unit", false},
		{"JBL Flip 5", "bluez_sink.00_11_22.headset_head_unit", false},
		{"JBL Flip 5", "bluez_sink.00_11_22.handsfree_head_unit", false},
		{"Headset (JBL Flip 5 Hands-Free AG Audio)", "", false},
		{"Headset (JBL Flip 5)", "", false},
		{"Hands-Free AG Audio", "", false},
		{"Kopfhörer (WH-1000XM4 Stereo)", "", true},
		{"Headphones (WH-1000XM4)", "bluez_output.00_11_22.headset-head-unit", true},
		// One device for the loudspeaker and the jack.
		{"Speakers/Headphones (Realtek(R) Audio)", "", false},
		{"Lautsprecher/Kopfhörer (Realtek(R) Audio)", "", false},
		{"Haut-parleurs/Casque (Realtek(R) Audio)", "", false},
		{"Altavoces/auriculares (Realtek(R) Audio)", "", false},
		{"扬声器/耳机 (Realtek(R) Audio)", "", false},
		{"スピーカー/ヘッドホン (Realtek(R) Audio)", "", false},
		{"스피커/헤드폰 (Realtek(R) Audio)", "", false},
		{"Alder Lake PCH-P High Definition Audio Controller Speaker + Headphones",
			"alsa_output.pci-0000_00_1f.3-platform-skl_hda_dsp_generic.HiFi__hw_sofhdadsp__sink", false},
		{"Smart Sound Technology Audio Controller Speaker + Headphones", "", false},
		{"Smart Sound Technology Audio Controller Headphones", "alsa_output.pci.HiFi__Headphones__sink", true},
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
