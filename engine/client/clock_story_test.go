package client

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// A door that says its time is asked once more, signed by that, and no third time.
func TestJoinsAreSignedByTheDoorsClock(t *testing.T) {
	noLeaks(t)
	theirs := time.Date(2031, 5, 4, 3, 2, 1, 0, time.UTC)
	wrong := answerDoor(http.StatusBadRequest, doorapi.Error{Code: doorapi.CodeClock, Time: theirs.UnixMilli()})
	used := answerDoor(http.StatusConflict, doorapi.Error{Code: doorapi.CodeJoinUsed})
	good := answerDoor(http.StatusOK, doorapi.JoinAnswer{Token: "a.b.c", Time: theirs.UnixMilli()})
	for _, c := range []struct {
		name    string
		answers []func(http.ResponseWriter, *http.Request)
		want    error
		times   []bool // of the requests: by the door's clock
	}{
		{"right", []func(http.ResponseWriter, *http.Request){good}, nil, []bool{false}},
		{"wrong", []func(http.ResponseWriter, *http.Request){wrong, good}, nil, []bool{false, true}},
		{"wrong twice", []func(http.ResponseWriter, *http.Request){wrong, wrong, good}, call.ErrClock, []bool{false, true}},
		{"used", []func(http.ResponseWriter, *http.Request){used, good}, nil, []bool{false, false}},
		{"used twice", []func(http.ResponseWriter, *http.Request){used, used, good}, call.ErrJoinUsed, []bool{false, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScripted(t, true)
			n := 0
			s.set(func() {
				s.door = func(w http.ResponseWriter, r *http.Request) { n++; c.answers[n-1](w, r) }
			})
			a, err := New(Config{}).Admit(t.Context(), s.invite(t))
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil && (time.Until(theirs)-a.Clock).Abs() > 10*time.Second {
				t.Errorf("the clocks differ by %v", a.Clock)
			}
			if len(s.joins) != len(c.times) {
				t.Fatalf("asked %d times, want %d", len(s.joins), len(c.times))
			}
			for i, by := range c.times {
				if got := time.UnixMilli(s.joins[i].Time).Equal(theirs); got != by {
					t.Errorf("request %d: by the door's clock: %v", i, got)
				}
			}
			if len(s.joins) == 2 && bytes.Equal(s.joins[0].Nonce, s.joins[1].Nonce) {
				t.Error("a nonce is used twice")
			}
		})
	}
}

// The end of a ban is told by the reader's clock.
func TestBansEndByTheReadersClock(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, off := range []time.Duration{0, time.Second, 3 * time.Hour, -400 * 24 * time.Hour} {
		server := now.Add(off)
		err := doorapi.Error{Code: doorapi.CodeBanned, Until: server.Add(time.Hour).UnixMilli(), Time: server.UnixMilli()}.ErrAt(now)
		var ban *call.BannedError
		if !errors.As(err, &ban) || (ban.Until.Sub(now)-time.Hour).Abs() > time.Minute {
			t.Errorf("%v off: %v", off, err)
		}
	}
}
