package host

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/internal/drive"
)

// trouble is a database that a room's server can lose and get back.
type trouble struct {
	change func(*Config) // where the database is
	lose   func()
	back   func()
	where  string // for register.Open
	slow   bool   // what fails takes its time
	unread bool   // it cannot be read either
}

// folderOfTest is a data folder that may be moved.
func folderOfTest(t *testing.T) (dir string, change func(*Config)) {
	dir = filepath.Join(t.TempDir(), "data")
	return dir, func(c *Config) { noLimits(c); c.Data = dir }
}

// locked is a database that another program writes to, and does not stop.
func locked(t *testing.T) trouble {
	dir, change := folderOfTest(t)
	var db *sql.DB
	var lock *sql.Tx
	t.Cleanup(func() {
		if db != nil {
			_ = db.Close()
		}
	})
	path := filepath.Join(dir, databaseFile)
	return trouble{change: change, where: path, slow: true, lose: func() {
		var err error
		if db, err = sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)"); err != nil {
			t.Fatal(err)
		}
		if lock, err = db.BeginTx(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
	}, back: func() {
		if err := lock.Rollback(); err != nil {
			t.Fatal(err)
		}
	}}
}

// away is a database that somebody moves, and moves back.
func away(t *testing.T) trouble {
	dir, change := folderOfTest(t)
	elsewhere := t.TempDir()
	move := func(from, to string) {
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(filepath.Join(from, databaseFile+end), filepath.Join(to, databaseFile+end)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return trouble{
		change: change, where: filepath.Join(dir, databaseFile),
		lose: func() { move(dir, elsewhere) }, back: func() { move(elsewhere, dir) },
	}
}

// full is a database on a disk without room.
func full(t *testing.T) trouble {
	dir, change := folderOfTest(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a full disk has to be mounted; runs as root: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "--lazy", dir).Run() })
	path, filler := filepath.Join(dir, databaseFile), filepath.Join(dir, "filler")
	return trouble{change: change, where: path, lose: func() {
		// What was written once makes room for as much: so away with it. The server
		// may write at that moment.
		eventually(t, "the disk is full", waitTimeout, func() bool {
			_ = os.Remove(filler)
			shrink(t, path)
			fill(t, filler)
			wal, err := os.Stat(path + "-wal")
			return err == nil && wal.Size() == 0
		})
	}, back: func() { _ = os.Remove(filler) }}
}

// shrink empties the log of a database into it, if nobody uses it now.
func shrink(t *testing.T, path string) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, _ = db.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`) // else once more
}

// fill writes until there is no room for another page.
func fill(t *testing.T, path string) {
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := make([]byte, 4096); err == nil; {
		_, err = f.Write(page)
	}
}

// stopped is a PostgreSQL server that crashes and is started again.
func stopped(t *testing.T) trouble {
	server, err := drive.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	address, err := server.Database(t.Context(), "rooms")
	if err != nil {
		t.Fatal(err)
	}
	return trouble{
		change: func(c *Config) { noLimits(c); c.Database = address },
		lose:   server.Kill, where: address, unread: true,
		back: func() {
			if err := server.Start(context.Background()); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// TestStorageInTrouble: the database of a room that goes on is locked, full or
// gone. People talk on and are told that nothing is stored; bans say so, too;
// when it is back, the history has every word once and in order, and nothing is
// half-written.
func TestStorageInTrouble(t *testing.T) {
	for name, of := range map[string]func(*testing.T) trouble{"locked": locked, "moved away": away, "full": full, "stopped": stopped} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testTrouble(t, of(t))
		})
	}
}

func testTrouble(t *testing.T, db trouble) {
	s := startServer(t, db.change)
	link := s.invite(nil)
	known := newGuest(t, "known")
	s.mustJoin(known, link)
	line := newLine(t, link.Hosts[0])
	viaLine := link
	viaLine.Hosts = []string{line.address()}
	anna, ben, carl := s.chatter(link, "anna", false), s.chatter(viaLine, "ben", false), s.chatter(link, "carl", false)
	s.converse(anna, ben, carl)
	pair := []*chatter{anna, ben}
	said := 0
	says := func(c *chatter) {
		t.Helper()
		said++
		ctx, cancel := context.WithTimeout(t.Context(), 2*waitTimeout)
		defer cancel()
		if _, err := c.session.SendChat(ctx, fmt.Sprint("line ", said)); err != nil {
			t.Fatal(err)
		}
	}
	say := func() { t.Helper(); says(pair[said%2]) }
	stored := func(yes bool) {
		t.Helper()
		eventually(t, fmt.Sprintf("they know whether chat is stored: %v", yes), 2*waitTimeout, func() bool {
			return anna.chatStored() == yes && ben.chatStored() == yes
		})
	}
	heard := func() {
		t.Helper()
		for _, c := range pair {
			eventually(t, "everything is heard", waitTimeout, func() bool { return len(c.messages()) == said })
		}
	}
	say()
	say()
	heard()
	stored(true)

	db.lose()
	say()
	stored(false)
	for range 5 {
		say()
	}
	heard()
	s.mustDo(call.OpBan, "", people("hall", "carl"), call.ResultNotStored)
	eventually(t, "carl is out", waitTimeout, func() bool { return slices.Equal(s.inRoom("hall"), []string{"anna", "ben"}) })
	if !db.slow {
		if _, refusal, status := s.join(newGuest(t, "dora").request(t, link)); status != http.StatusInsufficientStorage {
			t.Errorf("somebody new: %d %+v", status, refusal)
		}
	}
	if !db.unread { // who has been here before comes in
		late := s.chatterOf(link, known, false)
		eventually(t, "who comes now knows that chat is not stored", waitTimeout, func() bool {
			_, err := late.session.Chat(t.Context(), "")
			return err == nil && !late.chatStored()
		})
		_ = late.session.Leave(t.Context())
	}
	say()
	heard()
	before := len(s.log.String())
	line.cut(true) // whoever loses their connection now must not be sent away
	line.cut(false)
	eventually(t, "ben notices", waitTimeout, ben.wasLost)
	if db.unread {
		// He is refused once: nobody else asks to be let in any more.
		s.log.WaitFor(t, "that ben is refused", func(log string) bool { return strings.Contains(log[before:], "the register does not answer") })
	}

	db.back()
	stored(true)
	says(ben)
	heard()
	var bans doorapi.BansAnswer
	if refusal, status := s.do(call.OpBans, "", doorapi.RoomRequest{Room: "hall"}, &bans); status != http.StatusOK || len(bans.Bans) != 0 {
		t.Errorf("half-written: %+v %+v", bans, refusal)
	}
	s.enter(link, newGuest(t, "eve"))
	s.mustDo(call.OpBan, "", people("hall", "eve"), call.ResultDone)
	wantHistory(t, s, db.where, anna, said)
	if err := s.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	wantHistory(t, nil, db.where, anna, said)
}

// wantHistory compares what is stored with what somebody has heard. Without a
// server the register alone is asked.
func wantHistory(t *testing.T, s *testServer, where string, who *chatter, n int) {
	t.Helper()
	want := texts(who.messages())
	if len(want) != n {
		t.Errorf("%d heard, want %d", len(want), n)
	}
	isWanted := func(text string) bool { return strings.HasPrefix(text, "line ") }
	if s != nil {
		if got := slices.DeleteFunc(s.history("hall", ""), func(text string) bool { return !isWanted(text) }); !slices.Equal(got, want) {
			t.Errorf("history %q\nheard   %q", got, want)
		}
		return
	}
	reg, err := register.Open(context.Background(), where)
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	lines, _, err := reg.Chat(context.Background(), "hall", "", "", call.MaxChatCatchUp)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	ids := map[string]bool{}
	for i, l := range lines {
		if i > 0 && l.Seq <= lines[i-1].Seq || ids[l.ID] {
			t.Errorf("line %d: %+v", i, l)
		}
		if ids[l.ID] = true; isWanted(l.Text) {
			got = append(got, l.Text)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("stored %q\nheard  %q", got, want)
	}
	if ban, err := reg.Banned(context.Background(), "hall", "eve", nil, time.Now()); err != nil || ban.Identity != "eve" {
		t.Errorf("the ban that was stored: %+v, %v", ban, err)
	}
	if _, err := reg.Banned(context.Background(), "hall", "carl", nil, time.Now()); !errors.Is(err, register.ErrNotFound) {
		t.Errorf("the ban that was not: %v", err)
	}
}
