//go:build !linux

package hw

import (
	"cmp"
	"strings"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/camera"

	"foyer/engine/call"
)

// nodes are for V4L2; elsewhere everything found is a camera.
type nodes struct{}

func newNodes() *nodes { return nil }

// list enumerates, which opens nothing on these systems.
func (c *cameras) list() []call.Device {
	c.enumerate()
	var list []call.Device
	for _, d := range found() {
		list = append(list, call.Device{
			Source: call.SourceCamera, ID: cameraID(d), Name: cameraName(d), Default: len(list) == 0,
		})
	}
	return list
}

// cameraName leaves out the bus that follows the name.
func cameraName(d driver.Driver) string {
	name, _, _ := strings.Cut(d.Info().Name, camera.LabelSeparator)
	return cmp.Or(strings.TrimSpace(name), cameraID(d))
}

// node is the camera's file, on systems where it has one.
func node(driver.Driver) string { return "" }

// current is for V4L2, too.
func (c *cameras) current(driver.Driver) bool { return true }

// unmap is for V4L2 as well.
func unmap(driver.Driver) error { return nil }
