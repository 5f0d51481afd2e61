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

// voice is where the parts in WebAssembly are.
const voice = "ROOT/engine/media/voice/parts/"

// linked is what the program has besides modules: libraries in C, with the folder of their
// copyright file on Debian or in the module that has their source; parts in WebAssembly,
// with that part; the client in the page for browsers; fonts. Go itself is in every program,
// and what names a system is in the program for that system.
var linked = []struct{ name, licence, file, wasm, system string }{
	{name: "Go", licence: "BSD-3-Clause", file: "GOROOT/LICENSE"},
	{name: "libopus", licence: "BSD-3-Clause", file: "/usr/share/doc/libopus-dev/copyright"},
	{name: "libvpx", licence: "BSD-3-Clause", file: "/usr/share/doc/libvpx-dev/copyright"},
	{name: "GLFW", licence: "Zlib", file: "github.com/go-gl/glfw/v3.3/glfw:glfw/LICENSE.md"},
	{name: "miniaudio", licence: "Unlicense", file: "github.com/gen2brain/malgo:LICENSE"},
	{name: "SQLite", licence: "blessing", file: "modernc.org/sqlite:SQLITE-LICENSE"},
	{
		name: "MinGW-w64 runtime", licence: "ZPL-2.1 AND MIT AND BSD-3-Clause",
		file: "ROOT/internal/licences/mingw-w64.txt", system: "windows",
	},
	{
		name: "GCC runtime", licence: "GPL-3.0-or-later WITH GCC-exception-3.1",
		file: "ROOT/internal/licences/gcc-runtime.txt", system: "windows",
	},
	{name: "WebRTC AEC3", licence: "BSD-3-Clause", file: voice + "licences/aec3.txt", wasm: voice + "aec3.wasm"},
	{name: "RNNoise", licence: "BSD-3-Clause", file: voice + "licences/rnnoise.txt", wasm: voice + "rnnoise.wasm"},
	{name: "GTCRN", licence: "MIT", file: voice + "licences/gtcrn.txt", wasm: voice + "gtcrn.wasm"},
	{name: "livekit-client", licence: "Apache-2.0", file: "ROOT/engine/host/page/licences/livekit-client.txt"},
	{name: "Noto Sans", licence: "OFL-1.1", file: "fyne.io/fyne/v2:theme/font/LICENSE.txt"},
	{name: "Inter", licence: "OFL-1.1", file: "fyne.io/fyne/v2:theme/font/LICENSE_Inter.txt"},
	{name: "DejaVu Sans Mono", licence: "Bitstream-Vera", file: "fyne.io/fyne/v2:theme/font/LICENSE_DejaVu-Powerline.txt"},
	{name: "EmojiOne", licence: "CC-BY-4.0", file: "ROOT/internal/licences/emojione.txt"},
}

// Collect reads the licences of everything.
func Collect(root string) (assets.Licences, error) {
	var all assets.Licences
	modules, err := Modules(root)
	if err != nil {
		return all, err
	}
	for _, l := range linked {
		file, err := find(root, l.file, modules)
		if err != nil {
			return all, err
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

// find is the path of a file that [linked] names.
func find(root, file string, modules []Module) (string, error) {
	if rest, ok := strings.CutPrefix(file, "GOROOT"); ok {
		goroot, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			return "", fmt.Errorf("go env: %w", err)
		}
		return strings.TrimSpace(string(goroot)) + rest, nil
	}
	if rest, ok := strings.CutPrefix(file, "ROOT"); ok {
		return root + rest, nil
	}
	module, rest, ok := strings.Cut(file, ":")
	if !ok {
		return file, nil
	}
	i := slices.IndexFunc(modules, func(m Module) bool { return m.Path == module })
	if i < 0 {
		return "", fmt.Errorf("%s is in no program, and %s was taken from it", module, rest)
	}
	return filepath.Join(modules[i].Dir, rest), nil
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
