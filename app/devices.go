package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/devices/hw"
	"foyer/ui/words"
)

// listTimeout is how long “foyer devices” waits for drivers to answer.
const listTimeout = 10 * time.Second

// choice is what a flag for a device takes, for scripts.
type choice struct {
	Words   []string       `json:"words"` // besides devices and files
	Devices []deviceChoice `json:"devices"`
}

// deviceChoice is a device; its name or its ID may be given.
type deviceChoice struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Default bool   `json:"default"`
}

// choices are the flags without devices, in the order in which they are printed.
func choices() []words.DeviceChoices {
	return []words.DeviceChoices{
		{Flag: "--camera", Source: call.SourceCamera, Words: []string{call.DeviceNone, call.DeviceTest}},
		{Flag: "--mic", Source: call.SourceMicrophone, Words: []string{call.DeviceNone, call.DeviceTest}},
		{Flag: "--speaker", Source: call.SourceSpeaker, Words: []string{call.DeviceNone, defaultDevice}},
		{Flag: "--screen", Source: call.SourceScreen},
	}
}

func runDevices(std io3, args []string) int {
	c := newCommand(std, "devices", "devices [--json]")
	asJSON := c.Bool("json", false, "print one JSON object")
	if status, ok := c.parseFlags(args); !ok {
		return status
	}
	log := c.logger(std.err)
	return c.listDevices(hw.Drivers(log.WithField("part", "devices")), *asJSON)
}

// listDevices prints what there is now. To learn what a camera can do, it is opened for
// a moment.
func (c *command) listDevices(drivers devices.Drivers, asJSON bool) int {
	log := c.logger(c.std.err).WithField("part", "devices")
	dev := devices.New(devices.Config{Log: log, Drivers: drivers, NewDecoder: newDecoder})
	told, stop := untilTold()
	defer stop()
	ctx, cancel := context.WithTimeout(told, listTimeout)
	defer cancel()
	found, err := dev.List(ctx)
	go dev.Close() // a driver that hangs ends with the process
	all := choices()
	for _, d := range found {
		for i := range all {
			if all[i].Source == d.Source {
				all[i].Devices = append(all[i].Devices, d)
			}
		}
	}
	if asJSON {
		printJSON(c.std.out, all)
	} else {
		printTable(c.std.out, words.Tables{Book: words.English()}.Devices(all))
	}
	if err != nil { // what did answer is printed
		return c.explain(exitFailed, err)
	}
	return exitOK
}

func printJSON(out io.Writer, all []words.DeviceChoices) {
	flags := map[string]choice{}
	for _, c := range all {
		list := choice{Words: append([]string{}, c.Words...), Devices: []deviceChoice{}}
		for _, d := range c.Devices {
			list.Devices = append(list.Devices, deviceChoice{d.ID, d.Name, d.Default})
		}
		flags[strings.TrimPrefix(c.Flag, "--")] = list
	}
	_ = json.NewEncoder(out).Encode(flags)
}

// printTable prints a table's rows below its headings.
func printTable(out io.Writer, t words.Table) {
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		fmt.Fprintln(columns, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	_ = columns.Flush()
}
