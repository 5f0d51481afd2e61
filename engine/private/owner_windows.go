package private

import (
	"io/fs"
	"os"

	"foyer/engine/call"
)

// secure makes the folder of an absolute path if it is missing. The folder itself
// must be no link.
func secure(path string) (string, fs.FileInfo, error) {
	if err := os.MkdirAll(path, folderMode); err != nil {
		return "", nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return "", nil, err
	}
	if !info.IsDir() { // a link or a junction
		return "", nil, &call.PathError{Path: path, Err: call.ErrFolderLink}
	}
	return path, info, nil
}

func foreignFile(fs.FileInfo) (owner string, foreign bool) { return "", false }

func exposed(fs.FileInfo) bool { return false }

func linked(fs.FileInfo) bool { return false }
