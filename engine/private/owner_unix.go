//go:build unix

package private

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"foyer/engine/call"
)

const (
	maxLinks    = 40 // of a path, as Linux has it
	groupWrites = 0o020
	otherWrites = 0o022 // group and world
)

// secure makes the folder of an absolute path if it is missing, and checks every
// folder and link on the way to it. It returns the path without links.
func secure(path string) (string, fs.FileInfo, error) {
	at, links := "/", 0
	var info fs.FileInfo
	_, err := os.Lstat(at)
	rest := parts(path)
	for err == nil && len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		if name == ".." { // of a link
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		if info, err = lookOrMake(next); err != nil {
			break
		}
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			var target string
			if links++; links > maxLinks {
				err = &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
			} else if target, err = followable(next, info); err == nil {
				rest = append(parts(target), rest...)
				if filepath.IsAbs(target) {
					at = "/"
				}
			}
		case !info.IsDir():
			err = &fs.PathError{Op: "open", Path: next, Err: syscall.ENOTDIR}
		default:
			at = next
			if len(rest) > 0 {
				err = checkAncestor(next, info)
			}
		}
	}
	if err != nil {
		return "", nil, err
	}
	if info, err = os.Lstat(at); err != nil { // a link may have ended with ..
		return "", nil, err
	}
	return at, info, checkFolder(at, info)
}

func parts(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

func lookOrMake(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	// A folder that somebody else makes in this moment is checked like an older one.
	if err := os.Mkdir(path, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.Lstat(path)
}

// followable returns where a link leads, if the user or root has made it.
func followable(path string, info fs.FileInfo) (target string, err error) {
	if owner := ownerOf(info); !trusted(owner) && !unmapped(owner) {
		return "", &call.PathError{Path: path, Owner: name(owner), Err: call.ErrFolderLink}
	}
	return os.Readlink(path)
}

// checkAncestor checks a folder on the way: who owns it, or may write to it
// without a sticky bit, puts another folder in place of ours.
func checkAncestor(path string, info fs.FileInfo) error {
	if owner := ownerOf(info); !trusted(owner) && !unmapped(owner) {
		return &call.PathError{Path: path, Owner: name(owner), Err: call.ErrFolderForeign}
	}
	writes := info.Mode().Perm() & otherWrites
	if writes == 0 || info.Mode()&fs.ModeSticky != 0 {
		return nil
	}
	if writes != groupWrites || !privateGroup(groupOf(info)) {
		return &call.PathError{Path: path, Err: call.ErrFolderOpen}
	}
	return nil
}

// adminGroup has macOS's administrators, who may become root.
const adminGroup = 80

// privateGroup reports whether a group is taken to have no member but the user
// and root: root's own, and the one of the user's name or number that most systems
// make with the user. Its other members cannot be listed cheaply.
func privateGroup(id int) bool {
	me := os.Geteuid()
	if id == 0 || id == me || id == adminGroup && runtime.GOOS == "darwin" {
		return true
	}
	group, err := user.LookupGroupId(strconv.Itoa(id))
	return err == nil && group.Name == name(me)
}

func checkFolder(path string, info fs.FileInfo) error {
	if owner := ownerOf(info); !trusted(owner) {
		return &call.PathError{Path: path, Owner: name(owner), Err: call.ErrFolderForeign}
	}
	if info.Mode().Perm()&otherWrites != 0 {
		return &call.PathError{Path: path, Err: call.ErrFolderOpen}
	}
	return nil
}

func foreignFile(info fs.FileInfo) (owner string, foreign bool) {
	id := ownerOf(info)
	if trusted(id) {
		return "", false
	}
	return name(id), true
}

// exposed reports whether others may read or write a file that is ours to
// repair.
func exposed(info fs.FileInfo) bool {
	return info.Mode().Perm()&others != 0 && ownerOf(info) == os.Geteuid()
}

// linked reports whether a file has another name as well, in whatever folder:
// what is written here would appear there.
func linked(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().IsRegular() && s.Nlink > 1
}

// ownerOf is the user ID of an owner, -1 for none.
func ownerOf(info fs.FileInfo) int {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1
	}
	return int(s.Uid)
}

// groupOf is the group ID of a file, -1 for none.
func groupOf(info fs.FileInfo) int {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1
	}
	return int(s.Gid)
}

func trusted(owner int) bool { return owner == 0 || owner == os.Geteuid() }

// name is a user as people know it.
func name(id int) string {
	number := strconv.Itoa(id)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}
