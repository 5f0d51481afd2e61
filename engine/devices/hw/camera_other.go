//go:build !linux

package hw

import (
	"github.com/pion/mediadevices/pkg/driver"
)

// usable is for the nodes of V4L2; elsewhere everything found is a camera.
func usable(driver.Driver) bool { return true }

// unmap is for V4L2 as well.
func unmap(driver.Driver) error { return nil }
