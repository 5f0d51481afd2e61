package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"foyer/assets"
)

// textual is how the parameters and fields are called through which the window takes
// text for people. A new control that keeps to these names is looked at by itself.
var textual = regexp.MustCompile(`^(text|texts|title|label|caption|hint|tip|note|remark|yes|no|words|problem|message|detail|placeholder|question|button|LostText)$`)

// fyneTexts are functions of Fyne that take such text, and which of their
// arguments.
var fyneTexts = map[string][]int{
	"SetTitle": {0}, "NewWindow": {0}, "NewLabel": {0}, "NewLabelWithStyle": {0}, "SetPlaceHolder": {0}, "NewMenuItem": {0},
	"NewMenuItemWithIcon": {0}, "NewMenu": {0}, "NewNotification": {0, 1}, "ShowInformation": {0, 1}, "SetTooltip": {0},
	"NewIconButton": {0}, "NewImageButton": {0},
}

// texts finds the functions and methods of the window that take text for people, by
// the names of their parameters.
func textFuncs(t *testing.T) map[string][]int {
	t.Helper()
	found := map[string][]int{}
	for name, at := range fyneTexts {
		found[name] = slices.Clone(at)
	}
	eachFile(t, []string{"../kit", "../video", "../view"}, func(_ string, file *ast.File) {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			i := 0
			for _, p := range f.Type.Params.List {
				for _, name := range p.Names {
					if isString(p.Type) && textual.MatchString(name.Name) && !slices.Contains(found[f.Name.Name], i) {
						found[f.Name.Name] = append(found[f.Name.Name], i)
					}
					if _, ok := p.Type.(*ast.Ellipsis); ok {
						i += 8 // and all that follow
					}
					i++
				}
			}
		}
	})
	return found
}

func isString(e ast.Expr) bool {
	if v, ok := e.(*ast.Ellipsis); ok {
		e = v.Elt
	}
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "string"
}

// hardcoded looks for text for people that is not from the catalogue.
type hardcoded struct {
	takes map[string][]int
	found []string
}

// keyNames are what stands on keys; [Book.Key] says them in the language.
var keyNames = regexp.MustCompile(`^((Ctrl|Shift|Alt)\+)*([A-Z?0-9]|F\d+|Esc|PgDn|PgUp|Enter|Space|Tab|Home|End|Del)$`)

// foreign reports whether a literal is text that the catalogue does not have.
func foreign(literal string) bool {
	return strings.ContainsFunc(literal, unicode.IsLetter) && !English().Has(literal) && !English().Has(literal+".other") &&
		!slices.Contains(assets.IconNames(), literal) && !keyNames.MatchString(literal)
}

// in looks at an expression that is shown. What other functions answer is theirs,
// except that those of fmt put their arguments into it.
func (h *hardcoded) in(e ast.Expr) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch v := n.(type) {
		case *ast.BasicLit:
			if s, err := strconv.Unquote(v.Value); err == nil && v.Kind == token.STRING && foreign(s) {
				h.found = append(h.found, s)
			}
		case *ast.CallExpr:
			f, ok := v.Fun.(*ast.SelectorExpr)
			if !ok {
				return false
			}
			pkg, ok := f.X.(*ast.Ident)
			return ok && pkg.Name == "fmt"
		case *ast.FuncLit, *ast.IndexExpr, *ast.CompositeLit:
			return false
		}
		return true
	})
}

// visit looks at what is given to controls.
func (h *hardcoded) visit(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.CallExpr:
		name := ""
		switch f := v.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
			if pkg, ok := f.X.(*ast.Ident); name == "New" && (!ok || pkg.Name != "prose") {
				return true // errors.New, and all others
			}
		}
		for _, i := range h.takes[name] {
			if i < len(v.Args) {
				h.in(v.Args[i])
			}
		}
		if len(h.takes[name]) > 0 && name == "NewSegments" {
			for _, a := range v.Args[min(2, len(v.Args)):] {
				h.in(a)
			}
		}
	case *ast.KeyValueExpr:
		if key, ok := v.Key.(*ast.Ident); ok && (textual.MatchString(strings.ToLower(key.Name)) || textual.MatchString(key.Name)) {
			h.in(v.Value)
		}
	}
	return true
}

// proses are words with a blank between them, or with a mark at their end.
var proses = regexp.MustCompile(`\pL\pM*[,.;:]? +\pL|\pL{2}[.!?…]$`)

// notShown are functions whose text no user of the window reads.
var notShown = regexp.MustCompile(`^(Errorf|New|Debug|Info|Warn|Warning|Error|Debugf|Infof|Warnf|Fprintf|Fprintln|Fprint|panic|LogError|WithField|MustCompile|Handle|HandleFunc)$`)

// isPrefix reports whether keys begin like that.
func isPrefix(s string) bool {
	for key := range English().texts {
		if strings.HasPrefix(key, s) {
			return true
		}
	}
	return false
}

// prose looks for sentences anywhere, but in what goes to logs and errors.
func (h *hardcoded) prose(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch v := n.(type) {
		case *ast.KeyValueExpr:
			h.prose(v.Value) // keys of maps are not shown
			return false
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			return v.Tag == nil
		case *ast.CallExpr:
			switch f := v.Fun.(type) {
			case *ast.Ident:
				return !notShown.MatchString(f.Name)
			case *ast.SelectorExpr:
				return !notShown.MatchString(f.Sel.Name)
			}
		case *ast.BasicLit:
			if s, err := strconv.Unquote(v.Value); err == nil && v.Kind == token.STRING && proses.MatchString(s) && !English().Has(s) && !isPrefix(s) {
				h.found = append(h.found, s)
			}
		}
		return true
	})
}

// Whatever the window shows comes from the catalogue. What the program prints into a
// terminal may be English.
func TestNoTextIsHardCoded(t *testing.T) {
	takes := textFuncs(t)
	if len(takes) < 30 || len(takes["NewButton"]) == 0 || len(takes["Ask"]) != 4 {
		t.Fatalf("only these take text: %v", takes)
	}
	eachFile(t, window, func(path string, file *ast.File) {
		if strings.HasPrefix(path, "../words/") || path == "book.go" {
			return
		}
		h := hardcoded{takes: takes}
		ast.Inspect(file, h.visit)
		if strings.HasPrefix(path, "../") && !strings.HasPrefix(path, "../../app") {
			h.prose(file)
		}
		for _, s := range h.found {
			t.Errorf("%s says %q: put it into assets/translations and say it with words.Book (docs/translating.md)", path, s)
		}
	})
}

// The test above finds what it is for.
func TestHardCodedTextIsFound(t *testing.T) {
	const source = `package p
func f() {
	kit.NewButton("Send it", "send", kit.Plain, nil)
	kit.NewIconButton(book.T("bar.leave")+" (Ctrl+L)", "leave", kit.Quiet, tips, nil)
	w.SetTitle(fmt.Sprintf("%d people", n))
	kit.AskQuestion(c, kit.Question{Title: "Sure?", Yes: book.T("bar.leave")}, nil, nil)
	word := "Nobody is here"
	kit.NewSegments(true, nil, "one", book.T("two"))
	b.Set("", "mic", style)
	log.Warn("settings were not saved")
	b.SetTip(book.WithKey(book.T("bar.chat"), "C"))
	kit.NewText("· 99+")
}`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	h := hardcoded{takes: textFuncs(t)}
	ast.Inspect(file, h.visit)
	h.prose(file)
	slices.Sort(h.found)
	found := slices.Compact(h.found)
	want := []string{" (Ctrl+L)", "%d people", "Nobody is here", "Send it", "Sure?", "one"}
	if !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}
