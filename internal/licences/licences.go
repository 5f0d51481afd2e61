// Package licences finds what the program is made of, and under which licences, in
// the module graph and the module cache.
package licences

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"foyer/assets"
)

// systems are those that packages are made for: each links other modules.
var systems = []string{"linux", "windows", "darwin"}

// Module is one that the program is linked with.
type Module struct{ Path, Version, Dir string }

// Modules lists those of the program on every system, by path.
func Modules(root string) ([]Module, error) {
	found := map[string]Module{}
	for _, system := range systems {
		list := exec.Command("go", "list", "-deps", "-f",
			"{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", ".")
		list.Dir = root
		list.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=1", "GOFLAGS=-tags=migrated_fynedo")
		out, err := list.Output()
		if err != nil {
			var failed *exec.ExitError
			if errors.As(err, &failed) {
				return nil, fmt.Errorf("go list for %s: %w: %s", system, err, failed.Stderr)
			}
			return nil, fmt.Errorf("go list for %s: %w", system, err)
		}
		for line := range strings.Lines(string(out)) {
			if parts := strings.Split(strings.TrimSpace(line), "\t"); len(parts) == 3 {
				found[parts[0]] = Module{parts[0], parts[1], parts[2]}
			}
		}
	}
	var all []Module
	for _, m := range found {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// linked are the libraries in C, with the folder of their copyright file on Debian, and
// those in WebAssembly.
// Go itself is in every program.
var linked = []struct{ name, licence, file string }{
	{"Go", "BSD-3-Clause", "GOROOT/LICENSE"},
	{"libopus", "BSD-3-Clause", "/usr/share/doc/libopus-dev/copyright"},
	{"libvpx", "BSD-3-Clause", "/usr/share/doc/libvpx-dev/copyright"},
	{"WebRTC AEC3", "BSD-3-Clause", "ROOT/engine/media/voice/parts/licences/aec3.txt"},
	{"RNNoise", "BSD-3-Clause", "ROOT/engine/media/voice/parts/licences/rnnoise.txt"},
	{"GTCRN", "MIT", "ROOT/engine/media/voice/parts/licences/gtcrn.txt"},
}

// Collect reads the licences of everything.
func Collect(root string) (assets.Licences, error) {
	var all assets.Licences
	modules, err := Modules(root)
	if err != nil {
		return all, err
	}
	for _, l := range linked {
		file := l.file
		if rest, ok := strings.CutPrefix(file, "GOROOT"); ok {
			goroot, err := exec.Command("go", "env", "GOROOT").Output()
			if err != nil {
				return all, fmt.Errorf("go env: %w", err)
			}
			file = strings.TrimSpace(string(goroot)) + rest
		}
		if rest, ok := strings.CutPrefix(file, "ROOT"); ok {
			file = root + rest
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return all, err
		}
		add(&all, assets.Library{Name: l.name, Licence: l.licence}, []string{string(text)})
	}
	for _, m := range modules {
		texts, err := files(m.Dir)
		if err != nil {
			return all, err
		}
		if len(texts) == 0 {
			return all, fmt.Errorf("%s has no licence file", m.Path)
		}
		add(&all, assets.Library{Name: m.Path, Version: m.Version, Licence: Name(texts[0])}, texts)
	}
	return all, nil
}

func add(all *assets.Licences, l assets.Library, texts []string) {
	for _, text := range texts {
		text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) + "\n"
		i := slices.Index(all.Texts, text)
		if i < 0 {
			i = len(all.Texts)
			all.Texts = append(all.Texts, text)
		}
		l.Texts = append(l.Texts, i)
	}
	all.Libraries = append(all.Libraries, l)
}

// files are the texts of a module's licence, the licence itself first.
func files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var first, more []string
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		licence := strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "LICENCE") ||
			strings.HasPrefix(name, "COPYING") || strings.HasPrefix(name, "UNLICENSE")
		if e.IsDir() || strings.HasSuffix(name, ".GO") || !licence && !strings.HasPrefix(name, "NOTICE") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		if licence {
			first = append(first, string(text))
		} else {
			more = append(more, string(text))
		}
	}
	return append(first, more...), nil
}

// marks are words that licences are known by; the particular come first.
var marks = []struct{ words, name string }{
	{"Mozilla Public License", "MPL-2.0"},
	{"Apache License", "Apache-2.0"},
	{"unencumbered software released into the public domain", "Unlicense"},
	{"Permission to use, copy, modify, and/or distribute", "ISC"},
	{"Permission to use, copy, modify, and distribute", "ISC"},
	{"Permission is hereby granted, free of charge", "MIT"},
	{"used to endorse or promote", "BSD-3-Clause"},
	{"Redistribution and use in source and binary forms", "BSD-2-Clause"},
	{"This software is provided 'as-is', without any express or implied", "Zlib"},
}

// Name is the SPDX name of a licence, by its text; "other" for one that is not known.
func Name(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, m := range marks {
		if strings.Contains(text, m.words) {
			return m.name
		}
	}
	return "other"
}
