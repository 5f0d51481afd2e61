package contract_test

import (
	"slices"
	"strings"
	"testing"

	"foyer/internal/contract"
)

// TestEveryRowHasATest: and no test carries the number of a row that there is
// not.
func TestEveryRowHasATest(t *testing.T) {
	t.Parallel()
	tests, err := contract.Find("../..", "foyer")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, row := range contract.Rows() {
		if known[row.ID] || row.Statement == "" {
			t.Errorf("row %s comes twice, or says nothing", row.ID)
		}
		known[row.ID] = true
		if len(row.Of(tests)) == 0 && row.Reason == "" {
			t.Errorf("row %s (%s) has no test and no reason why not", row.ID, row.Statement)
		}
		for _, name := range row.Tests {
			if !slices.ContainsFunc(tests, func(t contract.Test) bool { return t.Name == name }) {
				t.Errorf("row %s names %s, which is not there", row.ID, name)
			}
		}
	}
	for _, test := range tests {
		for _, n := range contract.Numbers(test.Name) {
			if !known[n] {
				t.Errorf("%s: %s is about %s, which is no row", test.Where, test.Name, n)
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"TestK8_Ban": "K8", "TestK8_J7_Banned": "K8 J7", "FuzzO1": "O1", "TestO11_O12_N3_Switch": "O11 O12 N3",
		"TestJoin": "", "TestLease": "", "TestK8Ban": "", "TestChat_K8": "", "TestN1": "N1",
	} {
		if got := strings.Join(contract.Numbers(name), " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestTable: the worst result of a row's tests is the row's; what was skipped
// counts only where nothing has passed.
func TestTable(t *testing.T) {
	t.Parallel()
	rows := []contract.Row{{ID: "K8", Statement: "bans"}, {ID: "J11", Statement: "links", Reason: "comes later"}, {ID: "0", Statement: "words", Tests: []string{"TestWords"}}}
	a, b := contract.Test{Package: "foyer/a", Name: "TestK8_A", Where: "a/a_test.go"}, contract.Test{Package: "foyer/b", Name: "TestK8_B", Where: "b/b_test.go"}
	words := contract.Test{Package: "foyer/a", Name: "TestWords", Where: "a/a_test.go"}
	results := contract.Results{}
	err := results.Read(strings.NewReader(`# a program's own line
{"Action":"run","Package":"foyer/a","Test":"TestK8_A"}
{"Action":"pass","Package":"foyer/a","Test":"TestK8_A"}
{"Action":"fail","Package":"foyer/a"}
{"Action":"pass","Package":"foyer/a","Test":"TestWords"}
{"Action":"fail","Package":"foyer/b","Test":"TestK8_B"}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := contract.Table(rows, []contract.Test{a, b, words}, results)
	for _, want := range []string{
		"| K8 | bans | [TestK8_A](../a/a_test.go)<br>[TestK8_B](../b/b_test.go) (fail) | fail |",
		"| J11 | links |  | comes later |", "| 0 | words | [TestWords](../a/a_test.go) | pass |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the table has no %q:\n%s", want, got)
		}
	}
	if err := results.Read(strings.NewReader("{broken\n")); err == nil {
		t.Error("broken output is read")
	}
	skipped := contract.Results{}
	if err := skipped.Read(strings.NewReader("{\"Action\":\"pass\",\"Package\":\"foyer/a\",\"Test\":\"TestK8_A\"}\n{\"Action\":\"skip\",\"Package\":\"foyer/b\",\"Test\":\"TestK8_B\"}\n")); err != nil {
		t.Fatal(err)
	}
	if got := contract.Table(rows[:1], []contract.Test{a, b}, skipped); !strings.HasSuffix(got, "(skip) | pass |\n") {
		t.Errorf("one of two skipped: %s", got)
	}
	if got := contract.Table(rows[:1], []contract.Test{b}, skipped); !strings.HasSuffix(got, "(skip) | skip |\n") {
		t.Errorf("all skipped: %s", got)
	}
	if got := contract.Table(rows[:1], []contract.Test{a, b}, contract.Results{}); !strings.HasSuffix(got, "| not run |\n") {
		t.Errorf("without results: %s", got)
	}
}
