package install

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// ErrElsewhere says that links are not registered by the program on this system.
var ErrElsewhere = errors.New("links are registered by the installer")

const (
	scheme     = "x-scheme-handler/foyer"
	defaults   = "[Default Applications]"
	refreshFor = 10 * time.Second
)

// Home are the folders of a user in which desktops look.
type Home struct {
	Data   string // $XDG_DATA_HOME
	Config string // $XDG_CONFIG_HOME
}

// UserHome are the user's own folders.
func UserHome() (Home, error) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return Home{}, ErrElsewhere
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return Home{}, err
	}
	// The specification has relative paths ignored.
	folder := func(variable, otherwise string) string {
		if dir := os.Getenv(variable); filepath.IsAbs(dir) {
			return dir
		}
		return filepath.Join(home, otherwise)
	}
	return Home{Data: folder("XDG_DATA_HOME", ".local/share"), Config: folder("XDG_CONFIG_HOME", ".config")}, nil
}

// Register makes a program the one that opens links for a user, with an entry in the
// menu, and returns the files that it wrote. A second call changes nothing but what
// the first could not know.
func (h Home) Register(ctx context.Context, program string) (written []string, err error) {
	all, err := desktop("", program)
	if err != nil {
		return nil, err
	}
	if written, err = Write(h.Data, all); err != nil {
		return written, err
	}
	changed, err := h.changeDefaults(withDefault)
	if changed {
		written = append(written, h.defaultsFile())
	}
	h.refresh(ctx)
	return written, err
}

// Opener makes one program open the links of its user.
type Opener struct {
	home    Home
	program string
}

// NewOpener returns nil where that is not the program's to do: a package has registered
// the links already, or the system has another way.
func NewOpener() *Opener {
	home, err := UserHome()
	if err != nil || home.packaged() {
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return nil
	}
	return &Opener{home, program}
}

// packaged reports whether a package for everybody, or a whole program in the user's own
// folders, has an entry that opens links.
func (h Home) packaged() bool {
	folders := os.Getenv("XDG_DATA_DIRS")
	if folders == "" {
		folders = "/usr/local/share:/usr/share" // as the specification has it
	}
	for folder := range strings.SplitSeq(folders, ":") {
		if _, err := os.Stat(filepath.Join(folder, "applications", ID+".desktop")); err == nil && filepath.IsAbs(folder) {
			return true
		}
	}
	return h.installed()
}

// Registered reports whether links open in the program. It is quick.
func (o *Opener) Registered() bool {
	ours, err := fill(ID+".desktop", o.program) // the icons would take long to draw
	if err != nil {
		return false
	}
	entry, err := os.ReadFile(filepath.Join(o.home.Data, "applications", ID+".desktop"))
	if err != nil || !bytes.Equal(entry, ours) {
		return false // none, or of a program in another place
	}
	text, err := os.ReadFile(o.home.defaultsFile())
	if err != nil {
		return false
	}
	lines := strings.Split(string(text), "\n")
	from, to := section(lines)
	for i := from; i >= 0 && i < to; i++ {
		if programs, ok := handlers(lines[i]); ok {
			return len(programs) > 0 && isOurs(programs[0])
		}
	}
	return false
}

// Register implements config.Links.
func (o *Opener) Register(ctx context.Context, on bool) (err error) {
	if on {
		_, err = o.home.Register(ctx, o.program)
	} else {
		_, err = o.home.Unregister(ctx)
	}
	return err
}

// Unregister takes back what [Home.Register] did, and returns the files that it
// removed or changed. Files of a program that is installed in the same folders stay.
func (h Home) Unregister(ctx context.Context) (removed []string, err error) {
	all, err := desktop("", "foyer")
	if err != nil {
		return nil, err
	}
	if !h.installed() {
		if removed, err = Remove(h.Data, all); err != nil {
			return removed, err
		}
	}
	changed, err := h.changeDefaults(withoutDefault)
	if changed {
		removed = append(removed, h.defaultsFile())
	}
	h.refresh(ctx)
	return removed, err
}

// installed reports whether a whole program is installed there, by its licences.
func (h Home) installed() bool {
	_, err := os.Stat(filepath.Join(h.Data, strings.TrimPrefix(licences, "share/")))
	return err == nil
}

func (h Home) defaultsFile() string { return filepath.Join(h.Config, "mimeapps.list") }

// changeDefaults rewrites the file with the user's default programs. Everything else
// in it stays as it is; a file that would be empty goes.
func (h Home) changeDefaults(change func(lines []string) []string) (changed bool, err error) {
	name := h.defaultsFile()
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // others keep such files in one place and link to them
	}
	old, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	var lines []string
	for line := range strings.Lines(string(old)) {
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	lines = change(lines)
	text := strings.Join(lines, "\n")
	switch strings.TrimSpace(text) {
	case strings.TrimSpace(string(old)):
		return false, nil
	case "", defaults:
		return true, os.Remove(name)
	}
	return true, replace(name, []byte(text+"\n"))
}

// section is where a section's entries are: the line behind its head, and that of the
// next head. from is -1 if there is none.
func section(lines []string) (from, to int) {
	head := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == defaults })
	if head < 0 {
		return -1, -1
	}
	from = head + 1
	next := slices.IndexFunc(lines[from:], func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "[") })
	if next < 0 {
		return from, len(lines)
	}
	return from, from + next
}

// handlers are those of the scheme in a line, if it is the line for the scheme.
func handlers(line string) (all []string, ok bool) {
	key, value, found := strings.Cut(line, "=")
	if !found || strings.TrimSpace(key) != scheme {
		return nil, false
	}
	for name := range strings.SplitSeq(value, ";") {
		if name = strings.TrimSpace(name); name != "" {
			all = append(all, name)
		}
	}
	return all, true
}

// withDefault puts the program in front of those that open the scheme.
func withDefault(lines []string) []string {
	line := scheme + "=" + ID + ".desktop"
	from, to := section(lines)
	if from < 0 {
		if len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, "")
		}
		return append(lines, defaults, line)
	}
	for i := from; i < to; i++ {
		if all, ok := handlers(lines[i]); ok {
			if all = slices.DeleteFunc(all, isOurs); len(all) > 0 {
				line += ";" + strings.Join(all, ";")
			}
			lines[i] = line
			return lines
		}
	}
	return slices.Insert(lines, from, line)
}

// withoutDefault takes the program from those that open the scheme.
func withoutDefault(lines []string) []string {
	from, to := section(lines)
	if from < 0 {
		return lines
	}
	for i := from; i < to; i++ {
		all, ok := handlers(lines[i])
		if !ok || !slices.ContainsFunc(all, isOurs) {
			continue
		}
		if all = slices.DeleteFunc(all, isOurs); len(all) > 0 {
			lines[i] = scheme + "=" + strings.Join(all, ";")
			return lines
		}
		return slices.Delete(lines, i, i+1)
	}
	return lines
}

func isOurs(name string) bool { return name == ID+".desktop" }

// refresh lets the desktop read its menu anew. Where the program for that is missing,
// mimeapps.list is enough.
func (h Home) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, refreshFor)
	defer cancel()
	_ = exec.CommandContext(ctx, "update-desktop-database", "-q", filepath.Join(h.Data, "applications")).Run()
}
