// Package about says of the program what its settings show: what it is made of, and
// under which licences. Any goroutine may use it.
package about

import (
	"fmt"

	"foyer/assets"
	"foyer/engine/private"
	"foyer/ui/view/settings"
)

// Libraries lists what the program is made of.
func Libraries() ([]settings.Library, error) {
	all, err := assets.ReadLicences()
	if err != nil {
		return nil, err
	}
	list := make([]settings.Library, 0, len(all.Libraries))
	for _, l := range all.Libraries {
		list = append(list, settings.Library{Name: l.Name, Version: l.Version, Licence: l.Licence})
	}
	return list, nil
}

const licencesName = "licences.txt"

// Licences are all licences in one text, each with those that it is for.
func Licences() (string, error) {
	all, err := assets.ReadLicences()
	if err != nil {
		return "", err
	}
	return all.Text(), nil
}

// WriteLicences writes all licences into a file of the profile, and returns its path.
func WriteLicences(dir *private.Dir) (string, error) {
	text, err := Licences()
	if err != nil {
		return "", err
	}
	if err := dir.Write(licencesName, []byte(text)); err != nil {
		return "", fmt.Errorf("licences: %w", err)
	}
	return dir.Path(licencesName), nil
}
