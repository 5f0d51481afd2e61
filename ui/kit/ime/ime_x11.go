//go:build cgo && (linux || freebsd || openbsd || netbsd) && !android

package ime

/*
#cgo LDFLAGS: -lX11 -Wl,--wrap=XFilterEvent -Wl,--wrap=XCreateIC -Wl,--wrap=XDestroyIC
#include "xim.h"
*/
import "C"

// focus gives the input method the keys, or takes them away from it.
func focus(on bool) {
	wanted := C.int(0)
	if on {
		wanted = 1
	}
	C.foyer_ime_focus(wanted)
}

// foyerIMEKey is called for each key, before the input method gets it.
//
//export foyerIMEKey
func foyerIMEKey() {
	x, y, ok := caret()
	if ok {
		C.foyer_ime_caret(C.int(x), C.int(y))
	}
}
