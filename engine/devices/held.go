package devices

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/pause"
)

// maxFiles is how many files are remembered to be looked for among what is open.
const maxFiles = 64

// lookInterval is the time between two looks at something that nobody owns up to:
// listing the devices opens them for a moment. After lookTimeout it counts as open.
const (
	lookInterval = 10 * time.Millisecond
	lookTimeout  = 50 * time.Millisecond
)

// Held implements [call.Devices]. What an owner has not given back is open. So is
// what the operating system names beside that, if it goes on naming it.
func (d *Devices) Held(ctx context.Context) ([]call.Device, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	for {
		held, unowned, err := d.look()
		if err != nil || len(unowned) == 0 {
			return held, err
		}
		if pause.For(ctx, lookInterval) != nil {
			return sorted(append(held, unowned...)), nil
		}
	}
}

// look compares the owners' books with the operating system's.
func (d *Devices) look() (held, unowned []call.Device, err error) {
	open, opening, files := d.books()
	if d.drivers.Held == nil {
		return sorted(append(open, opening...)), nil, nil
	}
	system, err := d.drivers.Held(files)
	if err != nil {
		return sorted(append(open, opening...)), nil, err
	}
	owned := slices.Clone(open)
	var rest []call.Device
	for _, s := range system {
		if _, ok := take(&owned, s); !ok {
			rest = append(rest, s)
		}
	}
	for _, s := range rest {
		// A driver that has not come back yet, but has the device.
		if o, ok := take(&opening, s); ok {
			open = append(open, o)
		} else {
			unowned = append(unowned, s)
		}
	}
	return sorted(open), unowned, nil
}

// take takes out of a list what the system names as s. What has no ID yet may be any of
// its source: the sound system chooses one while it opens.
func take(list *[]call.Device, s call.Device) (call.Device, bool) {
	i := slices.IndexFunc(*list, func(o call.Device) bool { return o.Source == s.Source && o.ID == s.ID })
	if i < 0 {
		i = slices.IndexFunc(*list, func(o call.Device) bool { return o.Source == s.Source && o.ID == "" })
	}
	if i < 0 {
		return call.Device{}, false
	}
	found := (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	if found.ID == "" {
		found = s
	}
	return found, true
}

// books lists what the owners have open or are opening, and the files that have
// been played.
func (d *Devices) books() (open, opening []call.Device, files map[string]call.Device) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for h := range d.open {
		switch {
		case !isClosed(h.settled):
			opening = append(opening, h.asked)
		case h.openErr == nil:
			open = append(open, h.info)
		}
	}
	return open, opening, maps.Clone(d.files)
}

// playsFrom remembers a file that stands in for a device, to be looked for later
// among what the process has open.
func (d *Devices) playsFrom(file call.Device) {
	real, err := filepath.EvalSymlinks(file.ID)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return // opening it will say why
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.files[real]; known || len(d.files) < maxFiles {
		d.files[real] = file
	}
}

// sorted puts devices into the order of sources, then of names.
func sorted(list []call.Device) []call.Device {
	slices.SortFunc(list, func(a, b call.Device) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Name, b.Name))
	})
	return list
}
