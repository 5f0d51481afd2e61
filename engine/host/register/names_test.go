package register

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/lookalike"
)

// Members are told apart by the door, once: while somebody is there or away for a
// moment, nobody else is called the same, and whoever was told apart stays so.
func TestNamesAreToldApart(t *testing.T) { onEach(t, testNames) }

func testNames(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	keys := map[call.Identity]Member{}
	bind := func(id call.Identity, name string, seconds int) string {
		t.Helper()
		m, known := keys[id]
		if !known {
			m = Member{Room: "hall", Identity: id, Key: newKey(t)}
			keys[id] = m
		}
		m.Name = name
		stored, err := r.Bind(ctx, m, at(seconds))
		must(t, err)
		return stored.Name
	}
	move := func(id call.Identity, to call.Presence, seconds int) {
		t.Helper()
		must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: id, Presence: to, PresenceSince: at(seconds)}))
	}
	check := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("called %q, want %q", got, want)
		}
	}
	check(bind("a", "Paul", 0), "Paul")
	check(bind("b", "paul", 1), "paul (2)") // a is on the way
	move("a", call.PresenceOnline, 2)
	move("b", call.PresenceOnline, 2)
	check(bind("c", "Рaul", 1000), "Рaul (3)")
	check(bind("b", "paul", 1001), "paul (2)") // joins anew
	move("a", call.PresenceOffline, 1002)
	check(bind("d", "Paul", 2000), "Paul (3)") // c never came
	move("a", call.PresenceGone, 2001)
	check(bind("e", "Paul", 2002), "Paul")
	check(bind("a", "Paul", 2003), "Paul (4)") // the name is somebody else's now
	check(bind("a", "Paula", 2004), "Paula")
	check(bind("f", "b", 2005), "b")
	if name, err := r.ToldApart(ctx, Member{Room: "hall", Identity: "g", Name: "PAUL"}, at(2006)); err != nil || name != "PAUL (4)" {
		t.Errorf("with a token of others' making: %q, %v", name, err)
	}
	if name, err := r.ToldApart(ctx, Member{Room: "elsewhere", Identity: "g", Name: "Paul"}, at(2006)); err != nil || name != "Paul" {
		t.Errorf("in another room: %q, %v", name, err)
	}
	if arrives < time.Minute {
		t.Error("who is on the way loses the name")
	}
}

// A flood of people who never come hides nobody who is there, and each join
// looks at a bounded number of them.
func TestAFloodOfNamesIsBounded(t *testing.T) { onEach(t, testFloodOfNames) }

func testFloodOfNames(t *testing.T, where string) {
	ctx := t.Context()
	r := openTest(t, where)
	mustInvite(t, r, "hall", "")
	key := newKey(t)
	bind := func(id call.Identity, name string, seconds int) string {
		t.Helper()
		m, err := r.Bind(ctx, Member{Room: "hall", Identity: id, Key: key, Name: name}, at(seconds))
		must(t, err)
		return m.Name
	}
	bind("here", "Paul", 0)
	must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: "here", Presence: call.PresenceOnline, PresenceSince: at(1)}))
	bind("own", "Paula", 0)
	must(t, r.write(ctx, func(ctx context.Context, tx *transaction) error {
		for i := range maxNames + 50 {
			if _, err := tx.ExecContext(ctx, `INSERT INTO members (room, identity, public_key, name, first_seen, last_seen)
				SELECT room, $1, public_key, $2, $3, $3 FROM members WHERE room = 'hall' AND identity = 'here'`,
				fmt.Sprintf("flood %d", i), fmt.Sprintf("Guest%d", i), at(2).UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	}))
	for _, tt := range []struct {
		id         call.Identity
		name, want string
	}{{"new", "PAUL", "PAUL (2)"}, {"own", "paul", "paul (3)"}, {"own", "paul", "paul (3)"}} {
		if got := bind(tt.id, tt.name, 3); got != tt.want {
			t.Errorf("%s is called %q, want %q", tt.id, got, tt.want)
		}
	}
	all, err := r.MembersOf(ctx, "hall", key)
	must(t, err)
	if len(all) != maxTold || all[0].Identity != "here" {
		t.Errorf("%d identities, the oldest %q; want %d, with who is there", len(all), all[0].Identity, maxTold)
	}
	if n, old := len(r.looks.newer), len(r.looks.old); n+old > maxNames+10 {
		t.Errorf("looked at %d names, more than %d", n+old, maxNames)
	}
}

// The memory of names has a limit, and stays what they look like.
func TestLooks(t *testing.T) {
	var l looks
	for range 2 {
		for i := range 3 * maxLooks {
			l.of(fmt.Sprint("guest ", i))
		}
		if got := l.of("Рaul (2)"); got.skeleton != lookalike.Skeleton("Paul (2)") || got.key != lookalike.Skeleton("paul") {
			t.Errorf("%q", got)
		}
	}
	if n := len(l.newer) + len(l.old); n > 2*maxLooks {
		t.Errorf("%d names are kept", n)
	}
}

// Doors that share a database call no two people the same who come at the same
// instant.
func TestNamesOfTwoDoors(t *testing.T) { onEach(t, testNamesOfTwoDoors) }

func testNamesOfTwoDoors(t *testing.T, where string) {
	ctx := t.Context()
	doors := []*Register{openTest(t, where), openTest(t, where)}
	mustInvite(t, doors[0], "hall", "")
	const people = 24
	names := make([]string, people)
	var group sync.WaitGroup
	begin := make(chan struct{})
	for i := range people {
		m := Member{Room: "hall", Identity: call.Identity(fmt.Sprint("p", i)), Key: newKey(t), Name: "Paul"}
		group.Go(func() {
			<-begin
			stored, err := doors[i%len(doors)].Bind(ctx, m, at(0))
			if err != nil {
				t.Error(err)
			}
			names[i] = stored.Name
		})
	}
	close(begin)
	group.Wait()
	slices.Sort(names)
	if distinct := slices.Compact(slices.Clone(names)); len(distinct) != people {
		t.Errorf("%d people are called %q", people, names)
	}
}

// What a join asks is found by an index that leads to few rows: a room remembers
// whoever has been there.
func TestJoinsReadFewRows(t *testing.T) {
	ctx, r := t.Context(), openTest(t, sqlitePath(t))
	mustInvite(t, r, "hall", "")
	m := Member{Room: "hall", Identity: "anna", Key: newKey(t), Name: "Anna"}
	for range 2 {
		_, err := r.Bind(ctx, m, at(0))
		must(t, err)
	}
	_, err := r.Member(ctx, m.Room, m.Identity)
	must(t, err)
	_, err = r.MembersOf(ctx, m.Room, m.Key)
	must(t, err)
	_, err = r.ToldApart(ctx, m, at(0))
	must(t, err)
	if _, err = r.Banned(ctx, m.Room, m.Identity, m.Key, at(0)); !isNotFound(err) {
		t.Error(err)
	}
	must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: "anna", Presence: call.PresenceOnline, PresenceSince: at(1)}))
	asked := 0
	for query := range r.statements.ready.Range {
		asked++
		for _, step := range planOf(t, r, query.(string)) {
			scan := strings.HasPrefix(step, "SCAN members") || strings.HasPrefix(step, "SCAN bans")
			wide := strings.HasPrefix(step, "SEARCH members") || strings.HasPrefix(step, "SEARCH bans")
			if scan || wide && strings.HasSuffix(step, "(room=?)") {
				t.Errorf("%s: in\n%s", step, query)
			}
		}
	}
	if asked < 7 {
		t.Errorf("saw %d statements", asked)
	}
}

// planOf is how SQLite would answer a query.
func planOf(t *testing.T, r *Register, query string) (steps []string) {
	t.Helper()
	args := make([]any, len(regexp.MustCompile(`\$\d+`).FindAllString(query, -1)))
	for len(args) > 0 && !strings.Contains(query, fmt.Sprint("$", len(args))) {
		args = args[1:]
	}
	rows, err := r.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		must(t, rows.Scan(&id, &parent, &unused, &step))
		steps = append(steps, step)
	}
	must(t, rows.Err())
	return steps
}
