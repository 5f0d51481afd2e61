package qr

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

// Print prints the code of a text, in colours if out is a terminal that has them.
func Print(out io.Writer, text string) error {
	c, err := New(text)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(out, c.Text(coloured(out)))
	return err
}

// coloured reports whether out is a terminal that understands colours.
func coloured(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || runtime.GOOS == "windows" && os.Getenv("WT_SESSION") == "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
