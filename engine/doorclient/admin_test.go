package doorclient

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// What only the host's tools are refused is an error of its own.
func TestAdminRefusals(t *testing.T) {
	for code, want := range map[doorapi.Code]error{
		doorapi.CodeNoSpace: call.ErrDataFull, doorapi.CodeUnauthorized: call.ErrAdminKey, doorapi.CodeNoSuchRoom: call.ErrNoSuchRoom,
	} {
		body, err := json.Marshal(doorapi.Error{Code: code, Message: "no"})
		if err != nil {
			t.Fatal(err)
		}
		err = readAdmin(answer{status: http.StatusForbidden, body: body}, nil)
		var refusal *RefusalError
		if !errors.Is(err, want) || !errors.As(err, &refusal) || refusal.Door.Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if err := readAdmin(answer{status: http.StatusBadGateway, body: []byte("<html>")}, nil); !errors.Is(err, call.ErrServerGarbage) {
		t.Errorf("a page: %v", err)
	}
}
