package lookalike

import (
	"strings"
	"testing"
	"unicode/utf8"

	"foyer/engine/call"
)

func TestLookAlikes(t *testing.T) {
	for _, names := range [][]string{
		{"Paul", "paul", "PAUL", "Paul\u200b", "Ｐａｕｌ", " Paul ", "Рaul", "PauI", "Pau1", "𝐏𝐚𝐮𝐥", "P\u00adaul"},
		{"Bob", "Воb", "B0b", "ΒΟΒ"}, {"Anna Maria", "Anna\u00a0 Maria", "anna maria"}, {"вера", "ВЕРА"}, {"Émile", "E\u0301mile"},
	} {
		for _, name := range names[1:] {
			if Skeleton(name) != Skeleton(names[0]) {
				t.Errorf("%q and %q do not look alike: %q, %q", names[0], name, Skeleton(names[0]), Skeleton(name))
			}
		}
	}
	for _, pair := range [][2]string{{"Kai", "Kal"}, {"Ida", "lda"}, {"Emile", "Émile"}, {"Dan", "Dav"}, {"Paul", "Paula"}, {"Нина", "Инна"}, {"王", "玉"}} {
		if Skeleton(pair[0]) == Skeleton(pair[1]) {
			t.Errorf("%q and %q are taken for one", pair[0], pair[1])
		}
	}
}

func TestTellApart(t *testing.T) {
	taken := map[string]bool{}
	tell := func(name string) string {
		told := TellApart(name, func(s string) bool { return taken[s] })
		taken[Skeleton(told)] = true
		return told
	}
	for i, want := range []string{"Paul", "paul (2)", "Paul (3)", "Paul (4)", "Ann", "محمد", "محمد\u200e (2)", "محمد\u200e (3)", "Ann (2)", "Ann (3)"} {
		given := []string{"Paul", "paul", "Paul (3)", "Paul", "Ann", "محمد", "محمد", "محمد (2)", "Ann (2)", "ANN"}[i]
		if got := tell(given); got != want && !strings.EqualFold(got, want) {
			t.Errorf("%q is told as %q, want %q", given, got, want)
		}
	}
	long := strings.Repeat("é", call.MaxName/2)
	taken[Skeleton(long)] = true
	told := tell(long)
	if len(told) > call.MaxName || !utf8.ValidString(told) || !strings.HasSuffix(told, " (2)") || !KeepsMark(told, long) {
		t.Errorf("a long name is told as %q", told)
	}
	for told, keeps := range map[string]bool{"Paul (2)": true, "Paul (12)": true, "Paul": false, "Ann (2)": false, "Paul (1)": false, "Paul (02)": false, "paul (2)": false} {
		if KeepsMark(told, "Paul") != keeps {
			t.Errorf("%q for Paul: want %v", told, keeps)
		}
	}
}
