//go:build linux

package report

import (
	"fmt"
	"os"
	"strings"
)

// Document puts a table and where it was measured between the markers of a
// document, which are those of a target of the Makefile.
func Document(name, target, where, text string) error {
	begin, end := fmt.Sprintf("<!-- %s: begin -->\n", target), fmt.Sprintf("<!-- %s: end -->", target)
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no markers %q and %q", name, begin, end)
	}
	whole := fmt.Sprintf("%s%s`make %s`, %s.\n\n%s%s%s", before, begin, target, where, text, end, after)
	return os.WriteFile(name, []byte(whole), 0o644)
}

// Percent is a share of one.
func Percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// Megabytes is a size, of 10^6 bytes each.
func Megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }
