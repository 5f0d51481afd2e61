package settings

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/words"
)

// Pickable lists what devices are chosen of, with their icons.
func Pickable() []Pick {
	return []Pick{{call.SourceCamera, "camera"}, {call.SourceMicrophone, "mic"}, {call.SourceSpeaker, "speaker"}}
}

// Pick is one of them.
type Pick struct {
	Source call.Source
	Icon   string
}

// Options are the default device, every device, and none. A choice that is not
// there now stays in the list, so that it is not forgotten by being unplugged; name
// is what it was called, empty where nobody knows. Devices of one name are numbered.
func Options(book *words.Book, source call.Source, devices []call.Device, chosen, name string) []kit.Option {
	first := kit.Option{Text: book.T("device.default")}
	var all []kit.Option
	same := map[string]int{} // devices of one name, so far
	for _, d := range devices {
		if d.Source != source {
			continue
		}
		if d.Default {
			first.Text = book.T("device.default_named", "name", d.Name)
		}
		same[d.Name]++
		text := d.Name
		if n := same[d.Name]; n > 1 {
			text = fmt.Sprintf("%s (%d)", d.Name, n)
		}
		all = append(all, kit.Option{ID: d.ID, Text: text})
	}
	switch {
	case chosen == "" || chosen == call.DeviceNone || listed(devices, source, chosen):
	case isMissing(devices, source, chosen):
		all = append(all, kit.Option{ID: chosen, Text: book.T("device.missing", "name", called(chosen, name))})
	default:
		text := chosen
		if key := "device.test." + source.String(); chosen == call.DeviceTest && book.Has(key) {
			text = book.T(key)
		}
		all = append(all, kit.Option{ID: chosen, Text: text})
	}
	all = append([]kit.Option{first}, all...)
	return append(all, kit.Option{ID: call.DeviceNone, Text: book.T("device.none." + source.String())})
}

func listed(devices []call.Device, source call.Source, chosen string) bool {
	return slices.ContainsFunc(devices, func(d call.Device) bool { return d.Source == source && d.ID == chosen })
}

// isMissing reports whether a device was chosen that is not there now. As long as
// the devices are not listed, nobody knows.
func isMissing(devices []call.Device, source call.Source, chosen string) bool {
	switch {
	case len(devices) == 0, chosen == "", chosen == call.DeviceNone, chosen == call.DeviceTest:
		return false
	case strings.ContainsRune(chosen, filepath.Separator): // a file
		return false
	}
	return !slices.ContainsFunc(devices, func(d call.Device) bool {
		return d.Source == source && (d.ID == chosen || strings.EqualFold(d.Name, chosen))
	})
}

func called(id, name string) string {
	if name != "" {
		return name
	}
	return id
}
