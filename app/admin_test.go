package app

import (
	"slices"
	"strings"
	"testing"
)

// Every command that the usage names is one, and the other way round.
func TestAdminUsageNamesTheCommands(t *testing.T) {
	var named []string
	for line := range strings.Lines(adminUsage) {
		if strings.HasPrefix(line, "  ") && line[2] != ' ' {
			named = append(named, strings.Split(strings.Fields(line)[0], "|")...)
		}
	}
	if !slices.Equal(named, adminCommands()) {
		t.Errorf("the usage names %v, there are %v", named, adminCommands())
	}
}
