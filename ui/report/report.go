// Package report makes texts that help to find a fault. They have no links, no tokens,
// and no names of people. They are in English: their readers may know no other
// language.
package report

import (
	"fmt"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/saved"
	"foyer/ui/words"
)

// MaxFaults are remembered.
const MaxFaults = 20

// fault is something that went wrong.
type fault struct {
	at   time.Time
	line string
}

// Faults are the last ones. The zero value has none.
type Faults []fault

// Note remembers an event that tells of a fault.
func (f *Faults) Note(e call.Event, at time.Time) {
	var kind string
	var source call.Source
	var err error
	switch e := e.(type) {
	case call.CommandFailed:
		kind, source, err = e.Command, e.Source, e.Err
	case call.DeviceLost:
		kind, source, err = "device_lost", e.Device.Source, e.Err
	case call.TestChanged:
		kind, source, err = "test", e.Source, e.Err
	case call.RoomServerStopped:
		kind, err = "room_server_stopped", e.Err
	case call.Left:
		kind, err = "left: "+e.Reason.String(), e.Err
	default:
	}
	if err == nil {
		return
	}
	line := kind + ": " + words.English().Error(err, "", source, at).Text
	*f = append(*f, fault{at, line})
	*f = (*f)[max(0, len(*f)-MaxFaults):]
}

// Window is the report of a window.
func Window(version string, s *model.State, set saved.Settings, faults Faults, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Foyer report, %s\n%s\n", now.UTC().Format(time.RFC3339), version)
	fmt.Fprintf(&b, "screen: %s, %s, %d people\n", s.Screen, s.Engine, len(s.People))
	if r := Left(s.Left, now); r != "" {
		_, r, _ = strings.Cut(r, "\n")
		fmt.Fprintf(&b, "last stay:\n%s", indented(r))
	}
	b.WriteString("devices:\n")
	for _, d := range s.Devices {
		mark := ""
		if d.Default {
			mark = " (default)"
		}
		if s.Setup.InUse[d.Source].ID == d.ID {
			mark += " (open)"
		}
		fmt.Fprintf(&b, "  %s %q%s\n", d.Source, d.Name, mark)
	}
	b.WriteString("settings:\n" + indented(set.Told()) + "errors:\n")
	for _, f := range faults {
		fmt.Fprintf(&b, "  %s %s\n", f.at.UTC().Format("15:04:05"), f.line)
	}
	return b.String()
}

func indented(lines string) string {
	var b strings.Builder
	for line := range strings.Lines(lines) {
		b.WriteString("  " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}

// Left is the report of how a stay ended; empty for none.
func Left(l *call.Left, now time.Time) string {
	if l == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(
		&b, "Foyer report, %s\nreason: %s\nstayed: %s\n", now.UTC().Format(time.RFC3339), l.Reason,
		l.Stayed.Round(time.Second),
	)
	if l.Err != nil {
		fmt.Fprintf(&b, "error: %v\n", l.Err)
	}
	for _, r := range l.Released {
		fmt.Fprintf(&b, "released: %s %s\n", r.Source, words.Milliseconds(r.Took))
	}
	for _, d := range l.Stuck {
		fmt.Fprintf(&b, "stuck: %s %q\n", d.Source, d.Name)
	}
	return b.String()
}
