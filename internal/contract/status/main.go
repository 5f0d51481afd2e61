// Command status writes docs/contract-status.md: the rows of the contract, their
// tests, and the results in files of `go test -json`. It stops with status 1 if a
// row's test has failed.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"foyer/internal/contract"
)

const head = `# The contract, row by row

Written by ` + "`make contract-status`" + `; do not edit. A test that shows a row has the
row's number in its name: ` + "`go test ./... -run 'K8|O1'`" + `. The worst result of a
row's tests is the row's, except that a skipped test counts only where no other of
the row's has passed; it says in its text where it runs. %s

`

func main() {
	out := flag.String("out", "docs/contract-status.md", "file to write")
	flag.Parse()
	failed, err := write(*out, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func write(out string, files []string) (failed bool, err error) {
	tests, err := contract.Find(".", "foyer")
	if err != nil {
		return false, err
	}
	results := contract.Results{}
	for _, name := range files {
		if err := read(results, name); err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
	}
	when := "Nothing was run."
	if len(results) > 0 {
		when = "Last run: " + time.Now().UTC().Format(time.DateOnly) + "."
	}
	table := contract.Table(contract.Rows(), tests, results)
	fails := strings.Contains(table, "| "+string(contract.Fail)+" |")
	return fails, os.WriteFile(out, []byte(fmt.Sprintf(head, when)+table), 0o644)
}

func read(results contract.Results, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return results.Read(f)
}
