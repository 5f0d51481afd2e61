package licences_test

import (
	"path/filepath"
	"slices"
	"testing"

	"foyer/assets"
	"foyer/internal/licences"
)

// What the window says the program is made of is what it is made of, in these
// versions, and each licence has a name and its text.
func TestLicencesAreCurrent(t *testing.T) {
	t.Parallel()
	modules, err := licences.Modules(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	all, err := assets.ReadLicences()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range all.Libraries {
		if l.Version != "" {
			got = append(got, l.Name+" "+l.Version)
		}
		if l.Licence == "other" || len(l.Texts) == 0 {
			t.Errorf("%s: licence %q, %d texts", l.Name, l.Licence, len(l.Texts))
		}
		for _, i := range l.Texts {
			if i < 0 || i >= len(all.Texts) || len(all.Texts[i]) < 20 {
				t.Errorf("%s: text %d is missing", l.Name, i)
			}
		}
	}
	var want []string
	for _, m := range modules {
		want = append(want, m.Path+" "+m.Version)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		for _, m := range want {
			if !slices.Contains(got, m) {
				t.Errorf("%s is missing", m)
			}
		}
		for _, m := range got {
			if !slices.Contains(want, m) {
				t.Errorf("%s is linked no more", m)
			}
		}
		t.Error("assets/licences.json.gz is old: run “make licences”")
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Apache License\n   Version 2.0":                               "Apache-2.0",
		"Permission is hereby granted, free\nof charge, to any person": "MIT",
		"Redistribution and use in source and binary forms, with":      "BSD-2-Clause",
		"Redistribution and use ... may be used to endorse or promote": "BSD-3-Clause",
		"Mozilla Public License Version 2.0 ... Apache License":        "MPL-2.0",
		"Everything is forbidden":                                      "other",
	} {
		if got := licences.Name(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
