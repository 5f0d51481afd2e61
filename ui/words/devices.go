package words

import "foyer/engine/call"

// DeviceChoices are the devices of one source as a command line takes them: Flag
// with one of Words, or with the name or ID of one of Devices. Screen is a flag
// without a value.
type DeviceChoices struct {
	Flag    string
	Source  call.Source
	Words   []string
	Devices []call.Device
}

// Devices lists what the flags for devices take.
func (b Tables) Devices(all []DeviceChoices) Table {
	t := Table{Head: []string{b.T("device.flag"), b.T("device.value"), b.T("device.note")}}
	for _, c := range all {
		kind := c.Source.String()
		for _, word := range c.Words {
			t.add(c.Flag, word, b.deviceWord(c.Source, word))
		}
		if c.Source == call.SourceCamera || c.Source == call.SourceMicrophone {
			t.add(c.Flag, "FILE", b.T("device.file."+kind))
		}
		for _, d := range c.Devices {
			value, note := d.Name, ""
			if d.Default {
				note = b.T("device.default_note")
			}
			if c.Source == call.SourceScreen {
				value, note = "", b.T("device.switch")+": "+d.Name
			}
			t.add(c.Flag, value, note)
		}
	}
	return t
}

// deviceWord says what a word means that is no device's name.
func (b Tables) deviceWord(source call.Source, word string) string {
	switch word {
	case call.DeviceNone:
		return b.T("device.none." + source.String())
	case call.DeviceTest:
		return b.T("device.test." + source.String())
	default:
		return b.T("device.default_note")
	}
}
