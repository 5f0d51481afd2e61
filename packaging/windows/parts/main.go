// Parts writes what goes into the Windows package beside the program into a folder:
// the icon and the licences of all libraries.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"foyer/app/install"
	"foyer/assets"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: parts DIR")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "parts:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	icon, err := install.WindowsIcon()
	if err != nil {
		return err
	}
	licences, err := assets.ReadLicences()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"foyer.ico": icon, "licences-of-libraries.txt": []byte(licences.Text()),
	} {
		//nolint:gosec // everybody may read them
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
