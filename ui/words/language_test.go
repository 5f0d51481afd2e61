package words

import (
	"errors"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
)

func open(t *testing.T, code string) *Book {
	t.Helper()
	b, err := Open(code)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLanguages(t *testing.T) {
	all := Languages()
	if len(all) < 3 || all[0] != (Language{"en", "English", "English"}) {
		t.Errorf("got %v", all)
	}
	names := map[string]string{}
	for _, l := range all {
		names[l.Code] = l.Name
	}
	if names["de"] != "Deutsch" || names["zh"] != "简体中文" {
		t.Errorf("got %v", names)
	}
}

func TestMatch(t *testing.T) {
	for locales, want := range map[string]string{
		"": "en", "de": "de", "de-AT": "de", "de_CH.UTF-8": "de", "zh-CN": "zh", "zh_CN.UTF-8": "zh", "zh-Hans-SG": "zh",
		"en-GB": "en", "fr": "en", "fr de": "de", "fr zh_CN de": "zh", "C": "en", "not a locale": "en", "xx-YY de": "de",
		"en-US de": "en", "gsw-CH": "de",
	} {
		if got := Match(strings.Fields(locales)...); got != want {
			t.Errorf("%q: %q, want %q", locales, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	de := []string{"de-DE"}
	for _, tt := range []struct {
		code    string
		locales []string
		want    string
	}{{"zh", de, "简体中文"}, {"", de, "Deutsch"}, {"tlh", de, "Deutsch"}, {"", nil, "English"}, {"../en", nil, "English"}, {"en", de, "English"}} {
		if got := Choose(tt.code, tt.locales).T("language.name"); got != tt.want {
			t.Errorf("%q in %v: %s, want %s", tt.code, tt.locales, got, tt.want)
		}
	}
}

func TestCounts(t *testing.T) {
	en, de, zh := English(), open(t, "de"), open(t, "zh")
	for n, want := range map[int][3]string{
		0: {"0 people", "0 Personen", "0 人"}, 1: {"1 person", "1 Person", "1 人"}, 2: {"2 people", "2 Personen", "2 人"},
		4096: {"4,096 people", "4.096 Personen", "4,096 人"}, 1234567: {"1,234,567 people", "1.234.567 Personen", "1,234,567 人"},
	} {
		if got := [3]string{en.People(n), de.People(n), zh.People(n)}; got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := en.Number(-1500); got != "-1,500" {
		t.Errorf("got %q", got)
	}
	if got := en.Number(-150); got != "-150" {
		t.Errorf("got %q", got)
	}
	// A language whose catalogue has fewer forms than its rules: the last one.
	if got := (&Book{tag: de.tag, texts: map[string]string{"x.other": "{n} x", "number.group": "."}}).N("x", 1); got != "1 x" {
		t.Errorf("got %q", got)
	}
}

func TestTimesInEveryLanguage(t *testing.T) {
	for code, want := range map[string][]string{
		"en": {"45 s", "12 min", "1 h 5 min", "14:10", "2026-11-03 at 14:00", "today", "yesterday", "Monday", "2026-11-03", "10 minutes", "1 hour", "Until lifted"},
		"de": {"45 s", "12 Min.", "1 Std. 5 Min.", "14:10", "3.11.2026 um 14:00", "heute", "gestern", "Montag", "3.11.2026", "10 Minuten", "1 Stunde", "Bis auf Weiteres"},
		"zh": {"45 秒", "12 分钟", "1 小时 5 分钟", "14:10", "2026年11月3日 14:00", "今天", "昨天", "星期一", "2026年11月3日", "10 分钟", "1 小时", "直到解除"},
	} {
		b := open(t, code)
		got := []string{
			b.Duration(45 * time.Second), b.Duration(12 * time.Minute), b.Duration(65 * time.Minute),
			b.Until(now().Add(10*time.Minute), now()), b.Until(now().AddDate(0, 0, -18), now()),
			b.Day(now(), now()), b.Day(now().AddDate(0, 0, -1), now()), b.Day(now().AddDate(0, 0, -5), now()), b.Day(now().AddDate(0, 0, -18), now()),
			b.BanTime(10 * time.Minute), b.BanTime(time.Hour), b.BanTime(0),
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %q, want %q", code, got[i], want[i])
			}
		}
	}
}

// Sentences follow each other as the script wants it.
func TestSentencesFollowEachOther(t *testing.T) {
	for code, want := range map[string][2]string{
		"de": {
			"Deine Kamera konnte nicht gestartet werden: Die Kamera „HD“ wird von einem anderen Programm verwendet. Schließ das andere Programm oder wähle eine andere Kamera, dann versuch es noch einmal.",
			"Deine Kamera konnte nicht gestartet werden. Die Kamera „HD“ wird",
		},
		"zh": {
			"无法开启你的摄像头：摄像头“HD”正被其他程序使用。请关闭该程序或选择其他摄像头，然后重试。",
			"无法开启你的摄像头。摄像头“HD”正被",
		},
	} {
		err := &call.DeviceError{Source: call.SourceCamera, Device: "HD", Err: call.ErrDeviceBusy}
		s := open(t, code).Error(err, "publish", call.SourceCamera, now())
		if s.String() != want[0] || !strings.HasPrefix(s.Whole(), want[1]) {
			t.Errorf("%s:\n%s\n%s", code, s, s.Whole())
		}
	}
	if got := Join("", "你好。", "World.", "", "再见。"); got != "你好。World. 再见。" {
		t.Errorf("got %q", got)
	}
}

// Every reason and every error has its whole sentence in every language.
func TestEveryLanguageSaysEveryEnd(t *testing.T) {
	for _, l := range Languages() {
		b := open(t, l.Code)
		seen := map[string]bool{}
		for _, r := range append(call.Reasons(), call.ReasonOther(0), call.ReasonOther(8), call.ReasonOther(99)) {
			f := b.Left(call.Left{Reason: r, By: "Ada", Text: "x", Err: call.ErrUnreachable, People: 2}, now())
			if strings.ContainsAny(f.Title+f.Detail+f.Quote, "{}") || f.Title == "" || seen[f.Title] {
				t.Errorf("%s, %s: %+v", l.Code, r, f)
			}
			seen[f.Title] = true
			for _, a := range f.Next {
				if text := b.Action(a, call.Left{}); strings.HasPrefix(text, "action.") {
					t.Errorf("%s: %q", l.Code, text)
				}
			}
		}
		for _, k := range known {
			s := b.Error(k.err, "", call.SourceMicrophone, now())
			if strings.ContainsAny(s.String(), "{}") || s.Text == "" || s.Next == "" {
				t.Errorf("%s, %v: %+v", l.Code, k.err, s)
			}
		}
		if s := b.Error(errors.New("boom"), "", call.SourceUnknown, now()); !strings.Contains(s.Text, "boom") {
			t.Errorf("%s: %q", l.Code, s)
		}
	}
}

func TestKeysAsTheKeyboardHasThem(t *testing.T) {
	de := open(t, "de")
	for name, want := range map[string]string{"Ctrl+I": "Strg+I", "PgDn": "Bild ↓", "M": "M", "Esc": "Esc", "?": "?"} {
		if got := de.Key(name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := de.WithKey(de.T("bar.leave"), "Ctrl+L"); got != "Verlassen (Strg+L)" {
		t.Errorf("got %q", got)
	}
}
