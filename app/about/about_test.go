package about_test

import (
	"os"
	"strings"
	"testing"

	"foyer/app/about"
	"foyer/engine/private"
)

// Every library is listed, and the file has the text of its licence.
func TestLicences(t *testing.T) {
	dir, err := private.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	path, err := about.WriteLicences(dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list, err := about.Libraries()
	if err != nil || len(list) < 50 {
		t.Fatalf("%d libraries, %v", len(list), err)
	}
	for _, l := range list {
		if !strings.Contains(string(text), l.Name) {
			t.Errorf("%s is not in the file", l.Name)
		}
	}
	for _, words := range []string{"Fyne.io developers", "Permission is hereby granted", "Apache License"} {
		if !strings.Contains(string(text), words) {
			t.Errorf("%q is not in the file", words)
		}
	}
}
