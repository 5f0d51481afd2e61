package devices

import (
	"os"
	"path/filepath"
	"strings"

	"foyer/engine/call"
)

// Choose finds the device of that source that the user means: "" is the default
// one, otherwise an ID, a name, or a name in other upper and lower case, in
// this order.
func Choose(list []call.Device, source call.Source, choice string) (call.Device, bool) {
	rules := []func(d call.Device) bool{
		func(d call.Device) bool { return d.ID == choice },
		func(d call.Device) bool { return d.Name == choice },
		func(d call.Device) bool { return strings.EqualFold(d.Name, choice) },
	}
	if choice == "" {
		rules = []func(d call.Device) bool{
			func(d call.Device) bool { return d.Default },
			func(call.Device) bool { return true },
		}
	}
	for _, matches := range rules {
		for _, d := range list {
			if d.Source == source && matches(d) {
				return d, true
			}
		}
	}
	return call.Device{}, false
}

// looksLikeFile tells a path from a device's name: it ends like one of the kinds
// that can be played, or it leads to a regular file, so that a video of another
// kind is answered with what is wrong with it.
func looksLikeFile(choice string, kinds ...string) bool {
	ext := strings.ToLower(filepath.Ext(choice))
	for _, k := range kinds {
		if ext == k {
			return true
		}
	}
	if !strings.ContainsRune(choice, filepath.Separator) {
		return false
	}
	st, err := os.Stat(choice)
	return err == nil && st.Mode().IsRegular()
}
