// Package layers chooses the qualities in which a source is sent.
package layers

import (
	"foyer/engine/call"
)

// What is asked of the devices.
const (
	cameraWidth, cameraHeight, cameraFPS = 1280, 720, 30
	screenWidth, screenHeight, screenFPS = 1920, 1080, 15 // assumed; the screen's own size is used
	smallFPS                             = 20             // of the layers below the full size
	MinHeight                            = 90             // the least that a limit may ask for
)

// rates are LiveKit clients' defaults for cameras (livekit-client
// VideoPresets) and screens (ScreenSharePresets at 15 fps), by pixels.
type rate struct{ pixels, bitrate int }

func cameraRates() []rate {
	return []rate{{320 * 180, 160_000}, {640 * 360, 450_000}, {1280 * 720, 1_700_000}, {1920 * 1080, 3_000_000}}
}

func screenRates() []rate {
	return []rate{{640 * 360, 400_000}, {1280 * 720, 1_500_000}, {1920 * 1080, 2_500_000}}
}

// Format is the size and rate of a capture's frames.
type Format struct{ width, height, fps int }

// Default is what is asked of a source.
func Default(src call.Source) Format {
	if src == call.SourceScreen {
		return Format{screenWidth, screenHeight, screenFPS}
	}
	return Format{cameraWidth, cameraHeight, cameraFPS}
}

// Of is what a capture says about its frames, or what was asked of it.
func Of(src call.Source, h call.Handle) Format {
	f := Default(src)
	sized, ok := h.(call.Sized)
	if !ok {
		return f
	}
	if w, h, fps := sized.Size(); w > 0 && h > 0 {
		f.width, f.height = w, h
		if fps > 0 {
			f.fps = min(f.fps, fps)
		}
	}
	return f
}

// Request asks for a device in that format.
func Request(src call.Source, device string) call.DeviceRequest {
	r := call.DeviceRequest{Source: src, Device: device}
	switch src {
	case call.SourceCamera:
		r.Width, r.Height, r.FPS = cameraWidth, cameraHeight, cameraFPS
	case call.SourceScreen:
		r.FPS = screenFPS
	default:
	}
	return r
}

// Within is the Format of frames that have been made smaller, to at most that many
// lines on their short side.
func (f Format) Within(lines int) Format {
	short := min(f.width, f.height)
	if lines <= 0 || short <= lines {
		return f
	}
	f.width, f.height = f.width*lines/short&^1, f.height*lines/short&^1
	return f
}

// For returns the qualities of a frame, smallest first, halved each: three
// from 720 lines on, two from 360 lines on, one below and for a screen.
func For(src call.Source, f Format) []call.Layer {
	if src.Kind() != call.KindVideo {
		return nil
	}
	if src == call.SourceScreen {
		return []call.Layer{layer(f, 1, f.fps, screenRates())}
	}
	all := []call.Layer{layer(f, 1, f.fps, cameraRates())}
	for div, lines := 2, min(f.width, f.height); div <= 4 && lines >= 180*div; div *= 2 {
		all = append([]call.Layer{layer(f, div, min(f.fps, smallFPS), cameraRates())}, all...)
	}
	return all
}

func layer(f Format, div, fps int, rates []rate) call.Layer {
	w, h := f.width/div, f.height/div
	return call.Layer{Width: w, Height: h, FPS: fps, Bitrate: bitrate(w*h, rates)}
}

// bitrate reads between the lines of rates, in proportion to the pixels.
func bitrate(pixels int, rates []rate) int {
	if pixels <= rates[0].pixels {
		return rates[0].bitrate
	}
	for i, hi := range rates[1:] {
		if lo := rates[i]; pixels <= hi.pixels {
			return lo.bitrate + (hi.bitrate-lo.bitrate)*(pixels-lo.pixels)/(hi.pixels-lo.pixels)
		}
	}
	return rates[len(rates)-1].bitrate
}
