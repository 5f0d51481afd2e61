// Package install writes the files that a system keeps beside the program: entry of
// the menu, icons, manual, completions of shells, units of systemd, licences. The
// packages, "make install" and "foyer --register-links" have them from here. Calls
// for one folder come one after another.
package install

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"foyer/app/manual"
	"foyer/assets"
)

// ID is the program's name for the desktop; FyneApp.toml has the same.
const ID = "app.foyer.Foyer"

// licences is installed with a whole program, and with nothing else.
const licences = "share/doc/foyer/licences.txt.gz"

//go:embed files
var files embed.FS

// File is one that is installed.
type File struct {
	Path string // below the folder, with slashes
	Data []byte
}

// Content is what the files are made of.
type Content struct {
	Program  string // path of the program, or a name that is looked for in $PATH
	Manual   manual.Program
	Licences string
}

// All are the files for a folder such as /usr/local.
func All(c Content) ([]File, error) {
	all, err := desktop("share", c.Program)
	if err != nil {
		return nil, err
	}
	add := func(path string, data []byte) { all = append(all, File{path, data}) }
	for _, f := range []struct{ source, path string }{
		{ID + ".metainfo.xml", "share/metainfo/" + ID + ".metainfo.xml"},
		{"system.service", "lib/systemd/system/foyer.service"},
		{"user.service", "share/systemd/user/foyer.service"},
	} {
		data, err := fill(f.source, c.Program)
		if err != nil {
			return nil, err
		}
		add(f.path, data)
	}
	for name, text := range c.Manual.Man() {
		packed, err := pack(text)
		if err != nil {
			return nil, err
		}
		add("share/man/man1/"+name+".gz", packed)
	}
	packed, err := pack(c.Licences)
	if err != nil {
		return nil, err
	}
	add(licences, packed)
	add("share/bash-completion/completions/foyer", []byte(c.Manual.Bash()))
	add("share/zsh/site-functions/_foyer", []byte(c.Manual.Zsh()))
	add("share/fish/vendor_completions.d/foyer.fish", []byte(c.Manual.Fish()))
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// desktop are the files that a desktop needs to know the program, below a folder
// such as $XDG_DATA_HOME.
func desktop(data, program string) ([]File, error) {
	entry, err := fill(ID+".desktop", program)
	if err != nil {
		return nil, err
	}
	all := []File{
		{path.Join(data, "applications", ID+".desktop"), entry},
		{path.Join(data, "icons/hicolor/scalable/apps", ID+".svg"), assets.AppIcon()},
	}
	sizes, err := icons()
	if err != nil {
		return nil, err
	}
	for _, size := range iconSizes() {
		icon := path.Join(data, fmt.Sprintf("icons/hicolor/%dx%[1]d/apps", size), ID+".png")
		all = append(all, File{icon, sizes[size]})
	}
	return all, nil
}

// fill writes the program's path into a file, in the way in which that file quotes.
func fill(name, program string) ([]byte, error) {
	text, err := files.ReadFile("files/" + name)
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, struct{ Exec, Try, Unit string }{entryExec(program), entryString(program), unitExec(program)})
	return b.Bytes(), err
}

// entryString is a value of a desktop entry.
func entryString(s string) string { return strings.ReplaceAll(s, `\`, `\\`) }

// entryExec is the program in the Exec key of a desktop entry: quoted as an argument,
// and then as a value. A percent sign begins a field code otherwise.
func entryExec(program string) string {
	plain := func(r rune) bool {
		return r == '/' || r == '.' || r == '-' || r == '_' || r == '+' || r >= '0' && r <= '9' ||
			r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 0x7f
	}
	if !strings.ContainsFunc(program, func(r rune) bool { return !plain(r) }) {
		return program
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`, `%`, `%%`).Replace(program)
	return entryString(`"` + quoted + `"`)
}

// unitExec is the program in ExecStart of a unit.
func unitExec(program string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `$$`, `%`, `%%`).Replace(program)
	if strings.ContainsAny(program, " \t'\"\\;") {
		return `"` + quoted + `"`
	}
	return quoted
}

// pack is gzip without a time or a name: the same text is the same file.
func pack(text string) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil { // writes what is left
		return nil, err
	}
	return b.Bytes(), nil
}

// Write writes files below a folder, each as a whole, and returns their paths.
func Write(folder string, all []File) (written []string, err error) {
	for _, f := range all {
		name := filepath.Join(folder, filepath.FromSlash(f.Path))
		if err := replace(name, f.Data); err != nil {
			return written, err
		}
		written = append(written, name)
	}
	return written, nil
}

const (
	folderMode = 0o755
	fileMode   = 0o644
)

// replace puts a file in the place of another one, with its mode. A new one may be read
// by everybody.
func replace(name string, data []byte) error {
	mode := fs.FileMode(fileMode)
	if old, err := os.Stat(name); err == nil {
		mode = old.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(name), folderMode); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".foyer-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is told
	}
	return err
}

// Remove removes what [Write] wrote, with the folders that are empty then, and
// returns the paths of what was there.
func Remove(folder string, all []File) (removed []string, err error) {
	for _, f := range all {
		name := filepath.Join(folder, filepath.FromSlash(f.Path))
		switch err := os.Remove(name); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return removed, err
		}
		removed = append(removed, name)
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			if os.Remove(filepath.Join(folder, filepath.FromSlash(dir))) != nil {
				break // not empty, or not ours
			}
		}
	}
	return removed, nil
}
