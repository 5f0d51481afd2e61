//go:build unix

package private

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"foyer/engine/call"
)

// stranger is somebody who is neither root nor, in these tests, us.
const stranger = 54321

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// temporary is a folder without links in its path (macOS has some).
func temporary(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	return dir
}

func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Open(path)
	must(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// give makes somebody else the owner of something, a link itself included.
func give(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away; runs as root")
	}
	must(t, os.Lchown(path, stranger, stranger))
}

func mkdir(t *testing.T, path string, mode os.FileMode) string {
	t.Helper()
	must(t, os.Mkdir(path, 0o700))
	must(t, os.Chmod(path, mode)) // past the umask
	return path
}

// wants says what is wrong with which path.
type wants struct {
	err  error
	path string
}

func (w wants) check(t *testing.T, err error) {
	t.Helper()
	got, _ := errors.AsType[*call.PathError](err)
	switch {
	case w.err == nil && err != nil:
		t.Errorf("refused: %v", err)
	case w.err != nil && (got == nil || !errors.Is(got.Err, w.err) || got.Path != w.path):
		t.Errorf("got %v, want %v of %s", err, w.err, w.path)
	}
}

// What somebody else can get at is refused, and named; nothing is made in it.
func TestFoldersOfOthers(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, base string) (path string, want wants){
		"missing": func(_ *testing.T, base string) (string, wants) {
			return filepath.Join(base, "a", "b"), wants{}
		},
		"our own": func(t *testing.T, base string) (string, wants) {
			return mkdir(t, filepath.Join(base, "a"), 0o755), wants{}
		},
		"below a sticky folder for everybody": func(t *testing.T, base string) (string, wants) {
			return filepath.Join(mkdir(t, filepath.Join(base, "a"), 0o777|os.ModeSticky), "b"), wants{}
		},
		"somebody else's": func(t *testing.T, base string) (string, wants) {
			path := mkdir(t, filepath.Join(base, "a"), 0o755)
			give(t, path)
			return path, wants{call.ErrFolderForeign, path}
		},
		"below somebody else's": func(t *testing.T, base string) (string, wants) {
			path := mkdir(t, filepath.Join(base, "a"), 0o755)
			below := mkdir(t, filepath.Join(path, "b"), 0o700)
			give(t, path)
			return below, wants{call.ErrFolderForeign, path}
		},
		"writable for a group": func(t *testing.T, base string) (string, wants) {
			path := mkdir(t, filepath.Join(base, "a"), 0o770)
			return path, wants{call.ErrFolderOpen, path}
		},
		"writable for everybody": func(t *testing.T, base string) (string, wants) {
			path := mkdir(t, filepath.Join(base, "a"), 0o702)
			return path, wants{call.ErrFolderOpen, path}
		},
		"writable for everybody, sticky": func(t *testing.T, base string) (string, wants) {
			path := mkdir(t, filepath.Join(base, "a"), 0o777|os.ModeSticky)
			return path, wants{call.ErrFolderOpen, path}
		},
		"below one that is writable for everybody": func(t *testing.T, base string) (string, wants) {
			path := mkdir(t, filepath.Join(base, "a"), 0o777)
			return filepath.Join(path, "b"), wants{call.ErrFolderOpen, path}
		},
		"below one that is writable for somebody else's group": func(t *testing.T, base string) (string, wants) {
			path := mkdir(t, filepath.Join(base, "a"), 0o755)
			group(t, path, 54321)
			must(t, os.Chmod(path, 0o775))
			return filepath.Join(path, "b"), wants{call.ErrFolderOpen, path}
		},
		"below one that is writable for somebody else's group, sticky": func(t *testing.T, base string) (string, wants) {
			path := mkdir(t, filepath.Join(base, "a"), 0o755)
			group(t, path, 54321)
			must(t, os.Chmod(path, 0o775|os.ModeSticky))
			return filepath.Join(path, "b"), wants{}
		},
		"below one that is writable for root's group": func(t *testing.T, base string) (string, wants) {
			path := mkdir(t, filepath.Join(base, "a"), 0o755)
			group(t, path, 0)
			must(t, os.Chmod(path, 0o775))
			return filepath.Join(path, "b"), wants{}
		},
		"our own link": func(t *testing.T, base string) (string, wants) {
			mkdir(t, filepath.Join(base, "a"), 0o700)
			must(t, os.Symlink("a", filepath.Join(base, "link")))
			return filepath.Join(base, "link", "b"), wants{}
		},
		"our own link out of the folder and back": func(t *testing.T, base string) (string, wants) {
			mkdir(t, filepath.Join(base, "a"), 0o700)
			must(t, os.Symlink("../"+filepath.Base(base)+"/a/..", filepath.Join(base, "link")))
			return filepath.Join(base, "link", "a"), wants{}
		},
		"somebody else's link": func(t *testing.T, base string) (string, wants) {
			mkdir(t, filepath.Join(base, "a"), 0o700)
			link := filepath.Join(mkdir(t, filepath.Join(base, "tmp"), 0o777|os.ModeSticky), "link")
			must(t, os.Symlink("../a", link))
			give(t, link)
			return link, wants{call.ErrFolderLink, link}
		},
		"somebody else's link on the way": func(t *testing.T, base string) (string, wants) {
			mkdir(t, filepath.Join(base, "a"), 0o700)
			link := filepath.Join(mkdir(t, filepath.Join(base, "tmp"), 0o777|os.ModeSticky), "link")
			must(t, os.Symlink("../a", link))
			give(t, link)
			return filepath.Join(link, "deep", "er"), wants{call.ErrFolderLink, link}
		},
		"our own link to somebody else's": func(t *testing.T, base string) (string, wants) {
			path := mkdir(t, filepath.Join(base, "a"), 0o755)
			must(t, os.Symlink(path, filepath.Join(base, "link")))
			give(t, path)
			return filepath.Join(base, "link"), wants{call.ErrFolderForeign, path}
		},
	} {
		t.Run(name, func(t *testing.T) {
			base := temporary(t)
			path, want := prepare(t, base)
			before := tree(t, base)
			d, err := Open(path)
			want.check(t, err)
			if err == nil {
				must(t, d.Write("file", nil))
				must(t, d.Close())
			} else if after := tree(t, base); !slices.Equal(before, after) {
				t.Errorf("it was refused, and yet: before %v, after %v", before, after)
			}
		})
	}
}

// group gives a folder to a group, which only root may do.
func group(t *testing.T, path string, id int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder to a group; runs as root")
	}
	must(t, os.Chown(path, -1, id))
}

func tree(t *testing.T, base string) (all []string) {
	t.Helper()
	must(t, filepath.WalkDir(base, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	}))
	return all
}

// Links that lead in circles end.
func TestLinksInCircles(t *testing.T) {
	base := temporary(t)
	must(t, os.Symlink("b", filepath.Join(base, "a")))
	must(t, os.Symlink("a", filepath.Join(base, "b")))
	if _, err := Open(filepath.Join(base, "a")); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("got %v", err)
	}
}

// Whatever stands in place of a file, nothing is written to what it leads to, and
// the file's name is said.
func TestFilesOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		place func(t *testing.T, victim, at string)
		err   error
	}{
		"a link":          {func(t *testing.T, victim, at string) { must(t, os.Symlink(victim, at)) }, call.ErrFileLink},
		"a dangling link": {func(t *testing.T, victim, at string) { must(t, os.Symlink(victim+"-new", at)) }, call.ErrFileLink},
		"a hard link":     {func(t *testing.T, victim, at string) { must(t, os.Link(victim, at)) }, call.ErrFileLink},
		"a pipe":          {func(t *testing.T, _, at string) { must(t, syscall.Mkfifo(at, 0o600)) }, call.ErrFileKind},
		"a folder":        {func(t *testing.T, _, at string) { mkdir(t, at, 0o700) }, call.ErrFileKind},
		"a file of somebody else's": {func(t *testing.T, _, at string) {
			must(t, os.WriteFile(at, []byte("theirs"), 0o666))
			give(t, at)
		}, call.ErrFileForeign},
	} {
		t.Run(name, func(t *testing.T) {
			base := temporary(t)
			victim := filepath.Join(base, "victim")
			must(t, os.WriteFile(victim, []byte("dear"), 0o600))
			d := open(t, filepath.Join(base, "ours"))
			at := d.Path("file")
			c.place(t, victim, at)
			want := wants{c.err, at}
			_, err := d.OpenFile("file", os.O_CREATE|os.O_RDWR|os.O_TRUNC)
			want.check(t, err)
			want.check(t, d.Check("file"))
			_, err = d.Lock("file")
			want.check(t, err)
			if c.place != nil && name != "a folder" && name != "a hard link" {
				_, err = d.ReadOrMake("file", 99, func() ([]byte, error) { return []byte("made"), nil })
				want.check(t, err)
			}
			if name != "a folder" {
				must(t, d.Write("file", []byte("ours"))) // takes its place
			}
			if text, err := os.ReadFile(victim); err != nil || string(text) != "dear" {
				t.Errorf("the other file says %q, %v", text, err)
			}
			if _, err := os.Lstat(victim + "-new"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file was made through a link: %v", err)
			}
		})
	}
}

// Files are for their owner alone, whatever the umask is; those that others could
// read are closed to them and named, once.
func TestModes(t *testing.T) {
	path := filepath.Join(temporary(t), "a", "b")
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	d := open(t, path)
	must(t, d.Write("written", nil))
	if _, err := d.ReadOrMake("made", 9, func() ([]byte, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	f, err := d.OpenFile("opened", os.O_CREATE|os.O_WRONLY)
	must(t, err)
	must(t, f.Close())
	lock, err := d.Lock("lock")
	must(t, err)
	must(t, lock.Close())
	for _, name := range []string{"", "written", "made", "opened", "lock"} {
		info, err := os.Stat(d.Path(name))
		must(t, err)
		if info.Mode().Perm()&others != 0 {
			t.Errorf("%q has mode %v", name, info.Mode())
		}
	}
	if parent, err := os.Stat(filepath.Dir(path)); err != nil || parent.Mode().Perm() != folderMode {
		t.Errorf("the folder above has mode %v, %v", parent.Mode(), err)
	}
	must(t, os.Chmod(d.Path("made"), 0o644))
	if _, err := d.Read("made", 9); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(d.Path("made")); err != nil || info.Mode().Perm() != fileMode {
		t.Errorf("a key that others could read has mode %v, %v", info.Mode(), err)
	}
	if got := d.Repaired(); len(got) != 1 || got[0] != d.Path("made") {
		t.Errorf("repaired: %v", got)
	}
	if got := d.Repaired(); len(got) != 0 {
		t.Errorf("named twice: %v", got)
	}
}

// Many processes make a key at once: all have the same one.
func TestReadOrMakeMakesOne(t *testing.T) {
	path := temporary(t)
	var mu sync.Mutex
	got := map[string]bool{}
	var all sync.WaitGroup
	for n := range 16 {
		d := open(t, path)
		all.Go(func() {
			text, err := d.ReadOrMake("key", 99, func() ([]byte, error) { return []byte(strings.Repeat("k", n+1)), nil })
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[string(text)] = true
		})
	}
	all.Wait()
	if len(got) != 1 {
		t.Errorf("keys: %v", got)
	}
	if left, err := open(t, path).Match(".*"); err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestLockHasOneOwner(t *testing.T) {
	path := temporary(t)
	one, two := open(t, path), open(t, path)
	first, err := one.Lock("lock")
	must(t, err)
	must(t, first.Say("a longer note"))
	must(t, first.Say("17"))
	if second, err := two.Lock("lock"); !errors.Is(err, ErrLocked) || second != nil {
		t.Errorf("second lock: %v", err)
	}
	if note, err := two.Note("lock"); err != nil || note != "17" {
		t.Errorf("note %q, %v", note, err)
	}
	must(t, first.Close())
	second, err := two.Lock("lock")
	must(t, err)
	must(t, second.Close())
	must(t, (*Lock)(nil).Close())
}

func TestTemporaryIsNew(t *testing.T) {
	t.Setenv("TMPDIR", temporary(t))
	a, err := Temporary("x-")
	must(t, err)
	b, err := Temporary("x-")
	must(t, err)
	if a.Path("") == b.Path("") {
		t.Error("two folders are one")
	}
	must(t, a.Write("file", nil))
	must(t, errors.Join(a.RemoveAll(), b.RemoveAll()))
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
	must(t, os.Chmod(os.TempDir(), 0o777))
	_, err = Temporary("x-")
	wants{call.ErrFolderOpen, os.TempDir()}.check(t, err)
}
