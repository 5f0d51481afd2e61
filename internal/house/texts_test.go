package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestWordsInTexts looks for the words of the glossary's second table in what people
// read: documents, scripts, the sentences of the window, and those in the source.
func TestWordsInTexts(t *testing.T) {
	t.Parallel()
	words := oldWords(t)
	seen := 0
	look := func(where, text string) {
		seen++
		for _, f := range oldWordsIn(words, text) {
			t.Errorf("%s: %s", where, f)
		}
	}
	root := filepath.Join("..", "..")
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "*.md", "*.sh", "*.yaml", "Makefile",
		"assets/translations/en.json").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(out)) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for line, paragraph := range paragraphs(name, string(text)) {
			look(fmt.Sprintf("%s:%d", name, line), paragraph)
		}
	}
	eachGoFile(t, func(name string) error {
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		return eachSentence(name, look)
	})
	if seen < 1000 {
		t.Errorf("only %d texts were seen", seen)
	}
}

// TestOldWordsInTextsAreFound shows that TestWordsInTexts is not blind.
func TestOldWordsInTextsAreFound(t *testing.T) {
	t.Parallel()
	words := []oldWord{newOldWord(oldWord{forms: []string{"put out", "put … out"}, instead: "remove", texts: true, stay: []string{"put out the light"}})}
	for text, want := range map[string]int{
		"Ada is put out.": 1, "the host may put\na loud guest out": 1, "We put out the light.": 0, "the code `put out`": 0,
		"put it in, and go out": 0,
	} {
		found := 0
		for _, paragraph := range paragraphs("x.md", text) {
			found += len(oldWordsIn(words, paragraph))
		}
		if found != want {
			t.Errorf("%q: found %d, want %d", text, found, want)
		}
	}
	sentences := 0
	name := filepath.Join(t.TempDir(), "x.go")
	const source = "package p\n\nimport \"a/b c\"\n\nconst word, sentence = \"word\", \"two words\"\n"
	if err := os.WriteFile(name, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := eachSentence(name, func(_, _ string) { sentences++ }); err != nil || sentences != 1 {
		t.Errorf("%d sentences, %v", sentences, err)
	}
}

// oldWordsIn lists the words of a text that are not used any more.
func oldWordsIn(words []oldWord, text string) (found []string) {
	lower := strings.ToLower(text)
	for _, w := range words {
		if !w.texts {
			continue
		}
		if form := w.inText(text, lower); form != "" {
			found = append(found, fmt.Sprintf("%q: say %s (docs/glossary.md)", form, w.instead))
		}
	}
	return found
}

var (
	code    = regexp.MustCompile("`[^`]*`")
	message = regexp.MustCompile(`(?m)^\s*"[^"]+":\s*"(.*)",?$`) // a line of a file of translations
	// badExample is what shows how not to write.
	badExample = regexp.MustCompile(`(?ms)^## Words that are not used any more$.*\z|^\| Before \| After \|$.*?^$`)
)

// paragraphs maps the lines at which paragraphs of a file begin to their texts,
// without code and without bad examples. Rows of a table are paragraphs.
func paragraphs(name, text string) map[int]string {
	if filepath.Ext(name) == ".json" {
		text = message.ReplaceAllString(text, "|$1") // the keys are ours
	}
	text = badExample.ReplaceAllStringFunc(text, func(cut string) string { return strings.Repeat("\n", strings.Count(cut, "\n")) })
	all := map[int]string{}
	begin := 1
	for i, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "|") {
			begin = i + 1
		}
		all[begin] += line + "\n"
	}
	for at, paragraph := range all {
		all[at] = code.ReplaceAllString(paragraph, "_")
	}
	return all
}

// eachSentence visits the string literals of a Go file that have more than one word.
func eachSentence(name string, visit func(where, text string)) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if _, is := n.(*ast.ImportSpec); is {
			return false
		}
		if literal, is := n.(*ast.BasicLit); is && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil && strings.Contains(strings.TrimSpace(text), " ") {
				visit(set.Position(literal.Pos()).String(), text)
			}
		}
		return true
	})
	return nil
}
