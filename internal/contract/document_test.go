package contract_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"foyer/internal/contract"
)

var (
	rowOfDocument = regexp.MustCompile(`(?m)^\| ([NJLKO][0-9]{1,2}) \|`)
	// Several rows, too ("contract K6, K8"), also over the end of a comment's line.
	citation = regexp.MustCompile(`\bcontract\s+(?://\s*)?([NJLKO][0-9]{1,2}\b(?:(?:,\s+(?://\s*)?|\s+and\s+|\.\.)[NJLKO][0-9]{1,2}\b)*)`)
	row      = regexp.MustCompile(`[NJLKO][0-9]{1,2}`)
)

// TestDocument compares docs/contract.md with the rows, and resolves every
// "contract K8" of the code and the documents.
func TestDocument(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "contract.md"))
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]int{}
	for _, m := range rowOfDocument.FindAllStringSubmatch(string(text), -1) {
		written[m[1]]++
	}
	for _, row := range contract.Rows() {
		if rowOfDocument.MatchString("| "+row.ID+" |") && written[row.ID] != 1 {
			t.Errorf("docs/contract.md has row %s %d times", row.ID, written[row.ID])
		}
		delete(written, row.ID)
	}
	for id := range written {
		t.Errorf("docs/contract.md has row %s, which Rows lacks", id)
	}
	cited := citations(t, root)
	if len(cited) < 20 {
		t.Errorf("only %d rows are cited", len(cited))
	}
	for id, where := range cited {
		if !strings.Contains(string(text), "\n| "+id+" |") {
			t.Errorf("%s cites contract %s, which docs/contract.md lacks", where, id)
		}
	}
}

// citations maps each row that a file under root cites to one such file.
func citations(t *testing.T, root string) map[string]string {
	t.Helper()
	cited := map[string]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "build" {
				return filepath.SkipDir
			}
			return nil
		}
		switch filepath.Ext(name) {
		case ".go", ".md", ".sh", ".mjs", ".js", ".yaml":
		default:
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, m := range citation.FindAllStringSubmatch(string(text), -1) {
			for _, id := range row.FindAllString(m[1], -1) {
				cited[id] = name
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return cited
}
