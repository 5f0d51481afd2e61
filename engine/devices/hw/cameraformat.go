package hw

import (
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/prop"

	"foyer/engine/devices"
)

const frameMJPEG = frame.Format(frame.FormatMJPEG)

// nearest chooses among a camera's modes. Enough frames per second come first,
// then the size, then what is cheapest to convert.
func nearest(modes []prop.Media, want devices.Want) (best prop.Media, ok bool) {
	least := 0.0
	for _, m := range modes {
		cost, usable := modeCost(m, want)
		if usable && (!ok || cost < least) {
			best, least, ok = m, cost, true
		}
	}
	return best, ok
}

func modeCost(m prop.Media, want devices.Want) (cost float64, usable bool) {
	convert, usable := formatCost(m.FrameFormat)
	if !usable || m.Width < 16 || m.Height < 16 || m.Width > devices.MaxWidth || m.Height > devices.MaxHeight {
		return 0, false
	}
	cost = convert
	// A side that is wrong by a factor of two costs 100.
	cost += 100 * (ratio(m.Width, want.Width) - 1)
	cost += 100 * (ratio(m.Height, want.Height) - 1)
	fps, wantFPS := float64(m.FrameRate), float64(want.FPS)
	switch {
	case fps == 0: // the camera does not tell
	case fps < wantFPS:
		cost += 400 * (wantFPS - fps) / wantFPS // jerky is worse than small
	default:
		cost += 5 * (fps - wantFPS) / wantFPS
	}
	return cost, true
}

func ratio(a, b int) float64 {
	r := float64(a) / float64(b)
	if r < 1 {
		r = 1 / r
	}
	return r
}

// formatCost ranks the formats that mediadevices decodes to YCbCr. JPEG costs a
// third of a core at 720p30, but is all that many cameras offer there. Z16 is
// depth, not colour.
func formatCost(f frame.Format) (cost float64, usable bool) {
	switch f {
	case frame.FormatI420:
		return 0, true
	case frame.FormatNV12, frame.FormatNV21:
		return 2, true
	case frame.FormatYUYV, frame.FormatYUY2, frame.FormatUYVY:
		return 1, true
	case frame.FormatMJPEG:
		return 10, true
	default:
		return 0, false
	}
}
