package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// unfinished lists the folders that still use words of the glossary's second
// table, with all that lies below them. Delete a line when its folder is done.
var unfinished = []string{}

// finished lists folders below an unfinished one that are done.
var finished = []string{}

// oldWord is a row of the glossary's second table.
type oldWord struct {
	forms           []string // in lower case, or in backquotes as a whole name; … stands for one to four words
	instead         string
	names, comments bool
	texts           bool     // see TestWordsInTexts
	stay            []string // what may stay, as it is written
	form, may       *regexp.Regexp
	first           []string // words of the forms, which are found faster
}

// newOldWord compiles what comments are searched for.
func newOldWord(w oldWord) oldWord {
	alternatives := func(words []string) string {
		quoted := make([]string, len(words))
		for i, word := range words {
			word = strings.ReplaceAll(regexp.QuoteMeta(word), "…", `[\w'’-]+(?:\s+[\w'’-]+){0,3}`)
			quoted[i] = strings.ReplaceAll(word, " ", `\s+`)
		}
		return strings.Join(quoted, "|")
	}
	for _, form := range w.forms {
		word, _, _ := strings.Cut(form, " ")
		w.first = append(w.first, word)
	}
	w.form = regexp.MustCompile(`(?i)\b(?:` + alternatives(w.forms) + `)\b`)
	if len(w.stay) > 0 {
		w.may = regexp.MustCompile(`(?i)\b(?:` + alternatives(w.stay) + `)s?\b`)
	}
	return w
}

// TestWords reports names and comments that use a word that is not used any
// more.
func TestWords(t *testing.T) {
	t.Parallel()
	words := oldWords(t)
	eachGoFile(t, func(name string) error {
		if !isFinished(name) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		found, err := findOldWords(words, name, text)
		for _, f := range found {
			t.Error(f)
		}
		return err
	})
}

// TestWordsAreFound shows that TestWords is not blind.
func TestWordsAreFound(t *testing.T) {
	t.Parallel()
	words := []oldWord{
		{
			forms: []string{"put out", "putout", "put … out"}, instead: "remove", names: true, comments: true,
			stay: []string{"PutOutError"},
		},
		{forms: []string{"beat"}, instead: "heartbeat", names: true},
		{forms: []string{"tells whether"}, instead: "reports whether", comments: true},
		{forms: []string{"`shows`"}, instead: "canPublish", names: true},
	}
	const source = `package p
// isOut tells
// whether somebody was put out.
func putOutOne(nextBeat int) (shows bool) { beats := 1; return beats == nextBeat }
// They beat us. It shows. Put the
// late guest out. Put it there, and go out.
type PutOutError struct{ ShowsAll, Heartbeat, Upbeat bool }
`
	for i := range words {
		words[i] = newOldWord(words[i])
	}
	found, err := findOldWords(words, "p.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(found, "\n")
	for _, want := range []string{`"putOutOne"`, `"nextBeat"`, `"shows"`, `"tells whether"`, `"put out"`, `"Put the late guest out"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not found in\n%s", want, got)
		}
	}
	if len(found) != 6 {
		t.Errorf("found %d, want 6:\n%s", len(found), got)
	}
}

// TestGlossaryFilesExist follows the first table of the glossary.
func TestGlossaryFilesExist(t *testing.T) {
	t.Parallel()
	rows := glossaryTable(t, "## Foyer's own words")
	for _, row := range rows {
		m := link.FindStringSubmatch(row[3])
		if m == nil {
			t.Errorf("%q names no file", row[0])
			continue
		}
		if _, err := os.Stat(filepath.Join("..", "..", "docs", m[1])); err != nil {
			t.Errorf("%q: %v", row[0], err)
		}
	}
	if len(rows) < 20 {
		t.Errorf("only %d words found", len(rows))
	}
}

func isFinished(name string) bool { return !isBelow(name, unfinished, finished) }

// isBelow reports whether a file lies in or below one of folders, and not in or
// below one of except that is nearer.
func isBelow(name string, folders, except []string) bool {
	dir, err := filepath.Rel(filepath.Join("..", ".."), filepath.Dir(name))
	if err != nil {
		return false
	}
	for dir = filepath.ToSlash(dir); dir != "."; dir = path.Dir(dir) {
		if slices.Contains(except, dir) {
			return false
		}
		if slices.Contains(folders, dir) {
			return true
		}
	}
	return false
}

// oldWords reads the glossary's second table.
func oldWords(t *testing.T) []oldWord {
	t.Helper()
	var words []oldWord
	for _, row := range glossaryTable(t, "## Words that are not used any more") {
		w := oldWord{
			forms: split(row[0]), instead: row[1], stay: split(row[3]),
			names: strings.Contains(row[2], "names"), comments: strings.Contains(row[2], "comments"),
			texts: strings.Contains(row[2], "texts"),
		}
		if len(w.forms) == 0 || w.instead == "" || !w.names && !w.comments && !w.texts {
			t.Errorf("the row %q is not complete", row)
		}
		words = append(words, newOldWord(w))
	}
	if len(words) < 20 {
		t.Errorf("only %d words found", len(words))
	}
	return words
}

// glossaryTable reads the rows of four cells that follow a heading.
func glossaryTable(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "glossary.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), heading+"\n")
	if !ok {
		t.Fatalf("docs/glossary.md has no %q", heading)
	}
	after, _, _ = strings.Cut(after, "\n## ")
	for line := range strings.Lines(after) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if len(rows) < 2 {
		t.Fatalf("%q has no table of four columns", heading)
	}
	return rows[2:] // without the head and its line
}

func split(cell string) (words []string) {
	for word := range strings.SplitSeq(cell, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// findOldWords lists what a file declares or comments with an old word.
func findOldWords(words []oldWord, name string, text []byte) (found []string, err error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	report := func(at token.Pos, what, instead string) {
		found = append(found, fmt.Sprintf("%s: %q: say %s (docs/glossary.md)", set.Position(at), what, instead))
	}
	for _, id := range declared(file) {
		for _, w := range words {
			if w.names && w.inName(id.Name) {
				report(id.Pos(), id.Name, w.instead)
			}
		}
	}
	for _, group := range file.Comments {
		comment := group.Text()
		lower := strings.ToLower(comment)
		for _, w := range words {
			if !w.comments {
				continue
			}
			if form := w.inText(comment, lower); form != "" {
				report(group.Pos(), form, w.instead)
			}
		}
	}
	return found, nil
}

// inName reports whether a name is, or has among its words, a form of w.
func (w oldWord) inName(name string) bool {
	if slices.Contains(w.forms, "`"+name+"`") {
		return true
	}
	for _, s := range w.stay {
		name = strings.ReplaceAll(name, s, "_")
	}
	parts := " " + strings.Join(camelWords(name), " ") + " "
	return slices.ContainsFunc(w.forms, func(form string) bool { return strings.Contains(parts, " "+form+" ") })
}

// inText returns the form of w that a text has; lower is the same in lower case.
func (w oldWord) inText(text, lower string) string {
	if !slices.ContainsFunc(w.first, func(word string) bool { return strings.Contains(lower, word) }) {
		return ""
	}
	if w.form.MatchString(text) && w.may != nil {
		text = w.may.ReplaceAllString(text, "_")
	}
	return strings.Join(strings.Fields(w.form.FindString(text)), " ")
}

// camelWords splits "nextFrameID" into next, frame and id.
func camelWords(name string) (words []string) {
	start := 0
	runes := []rune(name)
	add := func(end int) {
		if word := strings.Trim(string(runes[start:end]), "_"); word != "" {
			words = append(words, strings.ToLower(word))
		}
		start = end
	}
	for i := 1; i < len(runes); i++ {
		upper := unicode.IsUpper(runes[i])
		last := i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if runes[i] == '_' || upper && (!unicode.IsUpper(runes[i-1]) || last) {
			add(i)
		}
	}
	add(len(runes))
	return words
}

// declared lists the names that a file declares: those that it only refers to
// are another package's to change.
func declared(file *ast.File) (ids []*ast.Ident) {
	define := func(exprs ...ast.Expr) {
		for _, e := range exprs {
			if id, ok := e.(*ast.Ident); ok {
				ids = append(ids, id)
			}
		}
	}
	ids = append(ids, file.Name)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			ids = append(ids, n.Name)
		case *ast.TypeSpec:
			ids = append(ids, n.Name)
		case *ast.ValueSpec:
			ids = append(ids, n.Names...)
		case *ast.Field:
			ids = append(ids, n.Names...)
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				define(n.Lhs...)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				define(n.Key, n.Value)
			}
		}
		return true
	})
	return ids
}
