//go:build darwin && cgo

package appleevent

/*
#cgo CFLAGS: -mmacosx-version-min=12.3
#cgo LDFLAGS: -framework Foundation -framework AppKit
#include "link_darwin.h"
*/
import "C"

import "context"

// links is what Objective-C writes to: an event has no place for a value of ours.
var links = newInbox()

//export foyerLinkCame
func foyerLinkCame(link *C.char) { links.add(C.GoString(link)) }

// Listen begins to listen. It comes before the window, so that the link with which the
// program is started is not lost.
func Listen() { C.foyerListenForLinks() }

// Take has open called for every link, those before it too, until stop, which waits. Its
// context ends with that.
func Take(open func(ctx context.Context, link string)) (stop func()) { return links.take(open) }
