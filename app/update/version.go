package update

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// version is x.y.z, and 0 after it for a program that was made before that release.
type version [4]int

var versionForm = regexp.MustCompile(`^v?([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})([-~+].*)?$`)

// parseVersion reads the version of a program or of a release. rest is what stands
// behind it: a program that somebody has built between two releases has more.
func parseVersion(text string) (v version, rest string, ok bool) {
	m := versionForm.FindStringSubmatch(text)
	if m == nil {
		return v, "", false
	}
	for i := range 3 {
		v[i], _ = strconv.Atoi(m[i+1]) // digits, and few
	}
	rest = m[len(m)-1]
	if !strings.HasPrefix(rest, "~") { // as Debian orders versions
		v[3] = 1
	}
	return v, rest, true
}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// newer reports whether v is above another version. x.y.z~anything is below x.y.z, and
// x.y.z with anything else behind it counts as x.y.z.
func (v version) newer(than version) bool {
	return slices.CompareFunc(v[:], than[:], cmp.Compare[int]) > 0
}
