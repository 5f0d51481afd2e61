// Command sbom prints the bill of materials of a program that is packaged, in CycloneDX:
//
//	go run ./internal/licences/sbom [-c NAME=VERSION]... PROGRAM VERSION
//
// SOURCE_DATE_EPOCH is the time that it has; it runs at the root of the source.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"foyer/internal/licences"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run() error {
	program := licences.Program{C: map[string]string{}, Root: "."}
	flag.Func("c", "NAME=VERSION of a library in C that is linked", func(s string) error {
		name, version, ok := strings.Cut(s, "=")
		if !ok || version == "" {
			return errors.New("not of the form NAME=VERSION")
		}
		program.C[name] = version
		return nil
	})
	flag.Parse()
	if flag.NArg() != 2 {
		return errors.New("it takes a program and its version")
	}
	program.File, program.Version = flag.Arg(0), flag.Arg(1)
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	program.Time = time.Unix(seconds, 0)
	bill, err := licences.List(program)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	return out.Encode(bill)
}
