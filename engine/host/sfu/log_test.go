package sfu

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

func TestLogBridge(t *testing.T) {
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	log.SetLevel(logrus.DebugLevel)
	sendLogsTo(log)
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl"
	b := bridge{}.WithName("livekit").WithValues("room", "hall", "secret", struct{ token string }{jwt})
	tests := []struct {
		name   string
		log    func()
		wanted []string
	}{
		{"error with a token", func() { b.Errorw("handling "+jwt, errors.New("invalid token: "+jwt), "path", "/rtc?access_token="+jwt) },
			[]string{"level=error", "room=hall", "[token]", "component=livekit"}},
		{"warning", func() { b.Warnw("slow", nil, "ms", 12, "err", errors.New("x")) }, []string{"level=warning", "ms=12", "err=x"}},
		{"information", func() { b.Infow("joined", "odd") }, []string{"level=debug", "msg=joined"}},
		{"pion's", func() { b.WithComponent("pion.ice").Errorw("no answer", nil) }, []string{"level=debug"}},
		{"unlikely", func() { b.WithUnlikelyValues("k", "v").Warnw("rare", nil) }, []string{"k=v"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out.Reset()
			tt.log()
			for _, w := range tt.wanted {
				if !strings.Contains(out.String(), w) {
					t.Errorf("no %q in %q", w, out.String())
				}
			}
			if strings.Contains(out.String(), "eyJ") || strings.Contains(out.String(), "c2lnbmF0dXJl") {
				t.Errorf("a token in %q", out.String())
			}
		})
	}
	out.Reset()
	b.Debugw("session description", "token", jwt)
	log.SetLevel(logrus.InfoLevel)
	b.Infow("joined")
	if out.Len() != 0 {
		t.Errorf("logged %q", out.String())
	}
}
