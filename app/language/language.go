// Package language knows in which languages the user's system speaks.
package language

import golocale "github.com/jeandeaual/go-locale"

// Preferred returns the locales that the system is set to, the preferred one first,
// such as "de-CH"; none where it is set to none.
func Preferred() []string {
	locales, err := golocale.GetLocales()
	if err != nil {
		return nil // the window speaks English then
	}
	return locales
}
