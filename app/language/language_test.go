package language

import (
	"runtime"
	"slices"
	"testing"
)

// On Unix the environment says it, the list of languages first.
func TestPreferred(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("no environment says the language here; runs on Linux")
	}
	for _, tt := range []struct {
		languages, all, lang string
		want                 []string
	}{
		{"", "", "de_DE.UTF-8", []string{"de-DE"}},
		{"", "", "zh_CN", []string{"zh-CN"}},
		{"fr:de", "", "en_US.UTF-8", []string{"fr", "de"}},
		{"", "de_AT.UTF-8", "en_US.UTF-8", []string{"de-AT"}},
		{"de", "C", "en_US.UTF-8", nil},
		{"", "", "", nil},
	} {
		t.Setenv("LANGUAGE", tt.languages)
		t.Setenv("LC_ALL", tt.all)
		t.Setenv("LC_MESSAGES", "")
		t.Setenv("LANG", tt.lang)
		if got := Preferred(); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}
