package ime

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// focus follows the caret: Windows withholds the keys of its input methods by itself.
func focus(on bool) {
	if followed == nil {
		return
	}
	followed.entry.OnCursorChanged = nil
	if on {
		followed.entry.OnCursorChanged = place
		place()
	}
}

// place tells where the caret is.
func place() {
	x, y, ok := caret()
	if !ok {
		return
	}
	window, _, _ := windows.NewLazySystemDLL("user32.dll").NewProc("GetActiveWindow").Call()
	if window == 0 {
		return
	}
	imm := windows.NewLazySystemDLL("imm32.dll")
	context, _, _ := imm.NewProc("ImmGetContext").Call(window)
	if context == 0 {
		return
	}
	at := point{int32(x), int32(y)} //nolint:gosec // pixels of a screen
	composition := compositionForm{style: cfsPoint, at: at}
	_, _, _ = imm.NewProc("ImmSetCompositionWindow").Call(context, uintptr(unsafe.Pointer(&composition)))
	candidates := candidateForm{style: cfsCandidatePos, at: at}
	_, _, _ = imm.NewProc("ImmSetCandidateWindow").Call(context, uintptr(unsafe.Pointer(&candidates)))
	_, _, _ = imm.NewProc("ImmReleaseContext").Call(window, context)
}

// Types and values of imm.h.
const (
	cfsPoint        = 0x02
	cfsCandidatePos = 0x40
)

type point struct{ x, y int32 }

type compositionForm struct {
	style uint32
	at    point
	_     [4]int32 // a rectangle
}

type candidateForm struct {
	index uint32
	style uint32
	at    point
	_     [4]int32
}
