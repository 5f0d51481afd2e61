package sfu

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

// A guest who causes the same warning without pause does not fill the disk, and
// what was left out is told.
func TestQuotaOfOneText(t *testing.T) {
	t.Parallel()
	var q quota
	at := time.Now()
	logged := 0
	for range 1000 {
		if _, ok := q.take("denied", at); ok {
			logged++
		}
	}
	if logged != quotaLines {
		t.Errorf("%d lines of 1000", logged)
	}
	if _, ok := q.take("another", at); !ok {
		t.Error("another text is not logged")
	}
	lost, ok := q.take("denied", at.Add(quotaEvery))
	if !ok || lost != 1000-quotaLines {
		t.Errorf("after a while: %d lost, %v", lost, ok)
	}
	for n := range 10 * quotaTexts {
		q.take(fmt.Sprint("text ", n), at.Add(quotaEvery))
	}
	if len(q.lines) > quotaTexts || len(q.lost) > quotaTexts {
		t.Errorf("it remembers %d and %d texts", len(q.lines), len(q.lost))
	}
}

func TestQuotaInTheLog(t *testing.T) {
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	sendLogsTo(log)
	b := bridge{}.WithName("quota")
	for range 500 {
		b.Warnw("the same again", nil, "room", "hall")
	}
	if n := strings.Count(out.String(), "the same again"); n == 0 || n > 2*quotaLines { // a period may end meanwhile
		t.Errorf("%d lines of 500", n)
	}
}
