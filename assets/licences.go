package assets

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"strings"
)

// Licences are those of the libraries that the program is made of.
type Licences struct {
	Libraries []Library `json:"libraries"`
	Texts     []string  `json:"texts"` // each once
}

// Library is one of them.
type Library struct {
	Name    string `json:"name"` // of the module, or of what is linked
	Version string `json:"version,omitempty"`
	Licence string `json:"licence"` // SPDX
	Texts   []int  `json:"texts"`   // indexes into Licences.Texts
}

// ReadLicences returns them. "make licences" writes the file.
func ReadLicences() (Licences, error) {
	var all Licences
	unpacked, err := gzip.NewReader(bytes.NewReader(must("licences.json.gz")))
	if err != nil {
		return all, fmt.Errorf("licences: %w", err)
	}
	if err := json.NewDecoder(unpacked).Decode(&all); err != nil {
		return all, fmt.Errorf("licences: %w", err)
	}
	return all, nil
}

// Text is all of them, each behind the libraries that it is for.
func (all Licences) Text() string {
	users := make([][]string, len(all.Texts))
	for _, l := range all.Libraries {
		for _, i := range l.Texts {
			users[i] = append(users[i], strings.TrimSpace(l.Name+" "+l.Version))
		}
	}
	var b strings.Builder
	for i, text := range all.Texts {
		fmt.Fprintf(&b, "%s\n%s\n\n%s\n\n", strings.Repeat("=", 72), strings.Join(users[i], "\n"), text)
	}
	return b.String()
}
