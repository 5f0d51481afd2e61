package guard_test

import (
	"errors"
	"strings"
	"testing"

	"foyer/engine/internal/guard"
)

func TestCall(t *testing.T) {
	v, err := guard.Call(func() (int, error) { return 7, nil })
	if v != 7 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
	own := errors.New("own")
	if err := guard.Do(func() error { return own }); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
	err = guard.Do(func() error { panic("at the disco") })
	p, ok := errors.AsType[*guard.PanicError](err)
	if !ok || p.Value != "at the disco" || !strings.Contains(string(p.Stack), "TestCall") {
		t.Errorf("got %v", err)
	}
}
