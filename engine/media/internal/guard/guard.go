// Package guard keeps a panic inside the goroutine in which it happens. The
// goroutines of package media read what strangers send; a mistake there costs
// one track, not the stay.
package guard

import (
	"runtime/debug"

	"github.com/sirupsen/logrus"
)

// Recover ends a panic and logs it with its stack, once. It must be deferred
// itself; deferred first, it also covers the other deferred calls, which run as
// usual. what names the goroutine.
func Recover(log logrus.FieldLogger, what string) {
	if v := recover(); v != nil {
		log.WithFields(logrus.Fields{"panic": v, "stack": string(debug.Stack())}).Error("bug: " + what + " panicked")
	}
}
