// Package locale keeps Fyne from complaining on stderr, as it is loaded, about a
// locale such as C.UTF-8, which names no language. It is imported for that alone
// and works because Go initialises what is ready in the order of import paths
// (Go specification, package initialization): before anything of github.com,
// which Fyne needs. It is the one package of ours that does something by being
// imported.
package locale

import (
	"os"
	"strings"
)

var _ = nameLanguage()

// nameLanguage sets LANGUAGE, which C libraries do not read, so that input
// methods and number formats stay as they are.
func nameLanguage() bool {
	if os.Getenv("LANGUAGE") != "" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return strings.HasPrefix(v, "C.") && os.Setenv("LANGUAGE", "en") == nil
		}
	}
	return false
}
