//go:build darwin && cgo

package hw

/*
#cgo LDFLAGS: -framework Foundation -framework AVFoundation
#include "permit_darwin.h"
*/
import "C"

import "foyer/engine/call"

// permit asks the user, once, whether the program may have a camera or a microphone, and
// waits for the answer. A program that did not ask would get black frames and silence.
// It is called where a device is opened, beside everything else.
//
// Never run yet: nobody who works on Foyer has had a Mac.
func permit(source call.Source) error {
	microphone := C.int(0)
	if source == call.SourceMicrophone {
		microphone = 1
	}
	if C.foyerPermit(microphone) == 0 {
		return call.ErrDeviceForbidden
	}
	return nil
}
