package assets

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
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
