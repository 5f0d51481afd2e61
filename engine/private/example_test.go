package private_test

import (
	"fmt"
	"path/filepath"

	"foyer/engine/private"
)

// A key is made once, and read from then on.
func ExampleDir_ReadOrMake() {
	dir, err := private.Temporary("example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dir.Close()
	defer func() { _ = dir.RemoveAll() }()

	const limit = 1 << 10
	first, err := dir.ReadOrMake("key", limit, func() ([]byte, error) { return []byte("made"), nil })
	fmt.Println(string(first), err)
	again, err := dir.ReadOrMake("key", limit, func() ([]byte, error) { return []byte("made anew"), nil })
	fmt.Println(string(again), err)
	fmt.Println(filepath.Base(dir.Path("key")))
	// Output:
	// made <nil>
	// made <nil>
	// key
}
