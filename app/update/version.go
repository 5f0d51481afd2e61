package update

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// version is x.y.z.
type version [3]int

var versionForm = regexp.MustCompile(`^v?([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})([-~+].*)?$`)

// parseVersion reads the version of a program or of a release. rest is what stands
// behind it: a program that somebody has built between two releases has more.
func parseVersion(text string) (v version, rest string, ok bool) {
	m := versionForm.FindStringSubmatch(text)
	if m == nil {
		return v, "", false
	}
	for i := range v {
		v[i], _ = strconv.Atoi(m[i+1]) // digits, and few
	}
	return v, m[len(m)-1], true
}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// newer reports whether v is above another version. A program of x.y.z with anything
// behind it counts as x.y.z, whether it was made before or after that release.
func (v version) newer(than version) bool {
	return slices.CompareFunc(v[:], than[:], cmp.Compare[int]) > 0
}
