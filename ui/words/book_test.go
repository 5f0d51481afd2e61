package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"foyer/assets"
)

// eachFile parses the sources of these folders and of those in them, tests left out.
func eachFile(t *testing.T, folders []string, visit func(path string, file *ast.File)) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err == nil {
				visit(path, file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

var window = []string{"..", filepath.Join("..", "..", "app")}

// forms of a count, as [Book.N] asks for them.
var forms = regexp.MustCompile(`\.(zero|one|two|few|many|other)$`)

// base is the key that the code says: without the form of a count, if it counts.
func base(key string) string {
	stem := forms.ReplaceAllString(key, "")
	if English().Has(stem+".one") && English().Has(stem+".other") {
		return stem
	}
	return key
}

// Every key that the window says is in the catalogue, and nothing else is.
func TestCatalogueAndCodeAgree(t *testing.T) {
	literals := map[string]bool{}
	// Keys are also put together, of the words for reasons, commands, sources and
	// roles.
	folders := append([]string{filepath.Join("..", "..", "engine")}, window...)
	eachFile(t, folders, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			collect(t, path, n, literals)
			return true
		})
	})
	for literal := range pageLiterals(t) {
		literals[literal] = true
	}
	for key := range English().texts {
		if !said(base(key), literals) {
			t.Errorf("nobody says %q", key)
		}
	}
	for _, key := range []string{"error.nothing_like_it", "left.never", "room.joinedd", "failed.nothing", "key.Nothing"} {
		if said(key, literals) {
			t.Errorf("%q is said, they say", key)
		}
	}
}

var number = regexp.MustCompile(`^\d+$`)

// said reports whether the code has a key whole, or in pieces: "error." + "room" +
// "_long" + ".next".
func said(key string, literals map[string]bool) bool {
	if literals[key] || number.MatchString(key) {
		return true
	}
	if name, ok := strings.CutPrefix(key, "key."); ok && keyNames.MatchString(name+"+A") || keyNames.MatchString(name) {
		return true
	}
	for i := range key {
		if i == 0 || !strings.ContainsRune("._", rune(key[i])) {
			continue
		}
		before, mark, after := key[:i], key[i:i+1], key[i+1:]
		if literals[before+mark] && said(after, literals) || literals[before] && said(mark+after, literals) ||
			literals[before] && literals[mark] && said(after, literals) {
			return true
		}
	}
	return false
}

// collect notes every string, and checks those that are given to T and N whole.
func collect(t *testing.T, path string, n ast.Node, literals map[string]bool) {
	t.Helper()
	switch v := n.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(v.Value); err == nil {
			literals[s] = true
		}
	case *ast.CallExpr:
		f, ok := v.Fun.(*ast.SelectorExpr)
		if !ok || f.Sel.Name != "T" && f.Sel.Name != "N" || len(v.Args) == 0 {
			return
		}
		if lit, ok := v.Args[0].(*ast.BasicLit); ok {
			key, err := strconv.Unquote(lit.Value)
			if f.Sel.Name == "N" {
				key += ".other"
			}
			if err == nil && !English().Has(key) {
				t.Errorf("%s says %q, which is not in the catalogue", path, key)
			}
		}
	}
}

// catalogues are those of all languages, each without what it lacks.
func catalogues(t *testing.T) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for _, code := range assets.Languages() {
		texts, err := load(code)
		if err != nil {
			t.Fatal(err)
		}
		all[code] = texts
	}
	if len(all) < 3 || all[english] == nil {
		t.Fatalf("%d languages", len(all))
	}
	return all
}

// Every language says everything that English says, with the forms that it has for a
// count, and nothing else; each sentence takes what the English one takes.
func TestEveryLanguageIsComplete(t *testing.T) {
	all := catalogues(t)
	for code, texts := range all {
		book, err := Open(code)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]bool{}
		for n := range 1001 {
			counts[pluralForm(book.tag, n)] = true
		}
		want := map[string]string{} // the English sentence of each key
		for key, text := range all[english] {
			if stem := base(key); stem != key {
				for form := range counts {
					want[stem+"."+form] = all[english][stem+".other"]
				}
				continue
			}
			want[key] = text
		}
		for key, text := range want {
			if _, ok := texts[key]; !ok {
				t.Errorf("%s.json lacks %q: %q", code, key, text)
			}
		}
		for key, text := range texts {
			model, ok := want[key]
			if !ok {
				t.Errorf("%s.json has %q, which nobody asks for", code, key)
				continue
			}
			checkText(t, code, key, text, model)
		}
	}
}

var placeholder = regexp.MustCompile(`\{([a-z]*)\}`)

// placeholders lists what a sentence takes, each once, in order of the alphabet.
func placeholders(text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		name := m[1]
		switch name { // with or without a leading zero
		case "mm", "dd":
			name = name[:1]
		}
		all[name] = true
	}
	return all
}

// What a sentence ends with, in English and elsewhere.
var endings = map[string][]string{".": {".", "。"}, "?": {"?", "？"}, "…": {"…"}, ":": {":", "："}, "!": {"!", "！"}}

func checkText(t *testing.T, code, key, text, model string) {
	t.Helper()
	if text == "" || strings.TrimSpace(text) != text || strings.Contains(text, "  ") {
		t.Errorf("%s.json, %s: blanks in %q", code, key, text)
	}
	if strings.Count(text, "{") != len(placeholder.FindAllString(text, -1)) || strings.Count(text, "{") != strings.Count(text, "}") {
		t.Errorf("%s.json, %s: an open brace in %q", code, key, text)
	}
	got, want := placeholders(text), placeholders(model)
	for name := range want {
		if !got[name] {
			t.Errorf("%s.json, %s: %q does not say {%s}", code, key, text, name)
		}
	}
	for name := range got {
		if !want[name] {
			t.Errorf("%s.json, %s: nothing fills {%s} of %q", code, key, name, text)
		}
	}
	if key == "number.group" || strings.HasPrefix(key, "duration.") {
		return
	}
	for end, others := range endings {
		ends := false
		for _, other := range others {
			ends = ends || strings.HasSuffix(text, other)
		}
		if strings.HasSuffix(model, end) != ends {
			t.Errorf("%s.json, %s: %q ends in another way than %q", code, key, text, model)
		}
	}
	if rule := manners[code]; rule.never != nil && rule.never.MatchString(text) {
		t.Errorf("%s.json, %s: %q %s", code, key, text, rule.says)
	}
}

// How a language is written in Foyer (docs/translating.md).
var manners = map[string]struct {
	never *regexp.Regexp
	says  string
}{
	"de": {regexp.MustCompile(`\b(Ihnen|Ihre?[mnrs]?)\b|”|\w…|\b(Co-)?[Gg]astgeber|\b[Aa]bschließen`), "says Sie, quotes as English does, glues … to a word, or has a word that docs/translating.md has not"},
	"zh": {regexp.MustCompile(`您|\p{Han}[,;:?!.]|[,;:?!]\p{Han}|\p{Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Han}|\.\.\.|……|\{(name|by|n)\}\p{Han}|\p{Han}\{(name|by|n)\}|房主|取消静音`), "says 您, has half-width punctuation, no blank between scripts, or a word that docs/translating.md has not"},
}

var spelled = regexp.MustCompile(`\S*\pL\S*`)

// Sentences that stay English in another language have been forgotten.
func TestNothingIsLeftInEnglish(t *testing.T) {
	all := catalogues(t)
	for code, texts := range all {
		for key, text := range texts {
			if code != english && text == all[english][key] && len(spelled.FindAllString(placeholder.ReplaceAllString(text, ""), -1)) > 1 {
				t.Errorf("%s.json, %s: %q is English", code, key, text)
			}
		}
	}
}
