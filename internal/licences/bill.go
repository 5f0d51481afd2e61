package licences

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"foyer/assets"
)

// Bill is what a program is made of, in CycloneDX 1.5.
type Bill struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Serial     string      `json:"serialNumber"`
	Version    int         `json:"version"`
	Metadata   Metadata    `json:"metadata"`
	Components []Component `json:"components"`
}

// Metadata says which program the bill is for.
type Metadata struct {
	Time      string    `json:"timestamp"`
	Component Component `json:"component"`
}

// Component is the program or a part of it. One with the scope "excluded" is for tests
// alone and in no package.
type Component struct {
	Type       string           `json:"type"`
	Ref        string           `json:"bom-ref"`
	Name       string           `json:"name"`
	Version    string           `json:"version,omitempty"`
	Scope      string           `json:"scope,omitempty"`
	Hashes     []Hash           `json:"hashes,omitempty"`
	Licences   []map[string]any `json:"licenses,omitempty"`
	URL        string           `json:"purl,omitempty"`
	Properties []Property       `json:"properties,omitempty"`
}

// Hash is the sum of a component's file.
type Hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// Property is something that CycloneDX has no field for.
type Property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Program is a program whose bill is written.
type Program struct {
	File    string            // as it is packaged
	Version string            // as it is called
	C       map[string]string // versions of the libraries in C
	Time    time.Time
	Root    string // of the source
}

// List writes the bill of a program, from what Go's linker has written into it and from
// the licences. The same program has the same bill. A part whose licence is not known is
// an error.
func List(p Program) (Bill, error) {
	info, err := buildinfo.ReadFile(p.File)
	if err != nil {
		return Bill{}, err
	}
	known, err := assets.ReadLicences()
	if err != nil {
		return Bill{}, err
	}
	sum, err := sumOf(p.File)
	if err != nil {
		return Bill{}, err
	}
	program := Component{
		Type: "application", Ref: "foyer", Name: "foyer", Version: p.Version,
		Hashes: []Hash{{"SHA-256", sum}}, Licences: licence("Apache-2.0"), Properties: settings(info),
	}
	parts, err := goParts(info, known)
	if err != nil {
		return Bill{}, err
	}
	others, err := otherParts(p, info, known)
	if err != nil {
		return Bill{}, err
	}
	tests, err := npmParts(filepath.Join(p.Root, "e2e", "browser", "package-lock.json"))
	if err != nil {
		return Bill{}, err
	}
	return Bill{
		Format: "CycloneDX", Spec: "1.5", Serial: "urn:uuid:" + serial(sum, p.Version), Version: 1,
		Metadata:   Metadata{p.Time.UTC().Format(time.RFC3339), program},
		Components: slices.Concat(parts, others, tests),
	}, nil
}

// settings are those of the build that change the program.
func settings(info *debug.BuildInfo) []Property {
	var all []Property
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS", "GOARCH", "GOAMD64", "GOARM64", "CGO_ENABLED", "-tags", "-trimpath":
			all = append(all, Property{"go:" + s.Key, s.Value})
		}
	}
	return all
}

func goParts(info *debug.BuildInfo, known assets.Licences) ([]Component, error) {
	version := strings.TrimPrefix(info.GoVersion, "go")
	version, _, _ = strings.Cut(version, " ") // experiments follow
	std := "pkg:golang/std@" + version
	all := []Component{{
		Type: "library", Ref: std, Name: "Go", Version: version, Licences: licence("BSD-3-Clause"), URL: std,
	}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		same := func(l assets.Library) bool { return l.Name == m.Path && l.Version == m.Version }
		i := slices.IndexFunc(known.Libraries, same)
		if i < 0 {
			return nil, fmt.Errorf("the licence of %s %s is not listed: run “make licences”", m.Path, m.Version)
		}
		where := "pkg:golang/" + m.Path + "@" + url.PathEscape(m.Version)
		all = append(all, Component{
			Type: "library", Ref: where, Name: m.Path, Version: m.Version,
			Licences: licence(known.Libraries[i].Licence), URL: where,
			Properties: []Property{{"go:sum", m.Sum}},
		})
	}
	return all, nil
}

// otherParts are those that are no modules: in C and in WebAssembly, and fonts.
func otherParts(p Program, info *debug.BuildInfo, known assets.Licences) ([]Component, error) {
	var all []Component
	unused := len(p.C)
	for _, l := range linked {
		elsewhere := l.system != "" && !slices.Contains(info.Settings, debug.BuildSetting{Key: "GOOS", Value: l.system})
		if l.name == "Go" || elsewhere {
			continue
		}
		i := slices.IndexFunc(known.Libraries, func(k assets.Library) bool { return k.Name == l.name })
		if i < 0 {
			return nil, fmt.Errorf("the licence of %s is not listed: run “make licences”", l.name)
		}
		part := Component{Type: "library", Ref: "part:" + l.name, Name: l.name, Licences: licence(known.Libraries[i].Licence)}
		if v, ok := p.C[l.name]; ok {
			part.Version = v
			unused--
		}
		if l.wasm != "" {
			sum, err := sumOf(p.Root + strings.TrimPrefix(l.wasm, "ROOT"))
			if err != nil {
				return nil, err
			}
			part.Hashes = []Hash{{"SHA-256", sum}}
		}
		all = append(all, part)
	}
	if unused != 0 {
		return nil, errors.New("a version is given for a library that is none of the program's")
	}
	return all, nil
}

// npmParts are those of the browser in the tests.
func npmParts(lock string) ([]Component, error) {
	text, err := os.ReadFile(lock)
	if err != nil {
		return nil, err
	}
	var file struct {
		Packages map[string]struct {
			Version, Integrity string
			Licence            string `json:"license"`
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", lock, err)
	}
	var all []Component
	for path, p := range file.Packages {
		_, name, ok := strings.Cut(path, "node_modules/")
		if !ok {
			continue // the folder itself
		}
		if i := strings.LastIndex(name, "node_modules/"); i >= 0 {
			name = name[i+len("node_modules/"):]
		}
		where := "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + p.Version
		part := Component{
			Type: "library", Ref: "tests:" + path, Name: name, Version: p.Version, Scope: "excluded", URL: where,
		}
		if p.Licence != "" {
			part.Licences = licence(p.Licence)
		}
		if sum, ok := strings.CutPrefix(p.Integrity, "sha512-"); ok {
			raw, err := base64.StdEncoding.DecodeString(sum)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", lock, name, err)
			}
			part.Hashes = []Hash{{"SHA-512", hex.EncodeToString(raw)}}
		}
		all = append(all, part)
	}
	slices.SortFunc(all, func(a, b Component) int { return strings.Compare(a.Ref, b.Ref) })
	return all, nil
}

// licence is how CycloneDX writes one, or an expression of several.
func licence(spdx string) []map[string]any {
	if strings.Contains(spdx, " ") {
		return []map[string]any{{"expression": strings.Trim(spdx, "()")}}
	}
	return []map[string]any{{"license": map[string]string{"id": spdx}}}
}

func sumOf(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// serial is a UUID of version 8, whose bits are ours to choose: of the program.
func serial(sum, version string) string {
	h := sha256.Sum256([]byte(sum + " " + version))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
