package door

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/doorapi"
)

// openAPI is the part of docs/openapi.yaml that is compared with the code.
type openAPI struct {
	Paths map[string]map[string]struct {
		RequestBody struct {
			Content map[string]struct{ Schema apiSchema }
		} `yaml:"requestBody"`
		Responses map[string]struct {
			Content map[string]struct{ Schema apiSchema }
		}
	}
	Components struct{ Schemas map[string]apiSchema }
}

type apiSchema struct {
	Ref        string `yaml:"$ref"`
	Type       any
	Items      *apiSchema
	Required   []string
	Properties map[string]apiSchema
}

func (s apiSchema) name() string { return strings.TrimPrefix(s.Ref, "#/components/schemas/") }

func readOpenAPI(t *testing.T) openAPI {
	t.Helper()
	raw, err := os.ReadFile("../../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc openAPI
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// described are the types of the API by the names of their schemas.
func described() map[string]reflect.Type {
	types := map[string]reflect.Type{"Refusal": reflect.TypeFor[doorapi.Error]()}
	for _, v := range []any{
		doorapi.Health{}, doorapi.JoinRequest{}, doorapi.JoinAnswer{}, doorapi.InvitationRequest{}, doorapi.InvitationAnswer{},
		doorapi.RoomRequest{}, doorapi.PeopleRequest{}, doorapi.MuteRequest{}, doorapi.HandRequest{}, doorapi.LowerRequest{}, doorapi.RoleRequest{}, doorapi.RulesRequest{},
		doorapi.WaitersRequest{}, doorapi.WaitingAnswer{}, call.WaiterRow{}, doorapi.DismissRequest{}, doorapi.ChatRequest{}, doorapi.SayRequest{},
		call.PersonResult{}, doorapi.PeopleAnswer{}, call.MemberRow{}, doorapi.MembersAnswer{}, doorapi.RoomRow{}, doorapi.RoomsAnswer{},
		call.BanRow{}, doorapi.BansAnswer{}, doorapi.WithdrawAnswer{}, doorapi.ChatRow{}, doorapi.ChatAnswer{}, call.RoomRules{}, reach.Ports{},
	} {
		types[reflect.TypeOf(v).Name()] = reflect.TypeOf(v)
	}
	return types
}

// TestOpenAPIRoutes: every route of the door is in the file, and no other; the
// requests and answers of the operations are those of call.Operation.
func TestOpenAPIRoutes(t *testing.T) {
	doc := readOpenAPI(t)
	routes := map[string]bool{}
	for _, r := range newDeadDoor(t).routeTable() {
		path := r.path
		if path == RoomServicePath {
			path += "{method}"
		}
		routes[path+" "+strings.ToLower(r.method)] = true
	}
	for path, methods := range doc.Paths {
		for method := range methods {
			if !routes[path+" "+method] {
				t.Errorf("%s %s is not a route", method, path)
			}
			delete(routes, path+" "+method)
		}
	}
	for r := range routes {
		t.Errorf("%s is not in the file", r)
	}
	for op, want := range map[call.Operation][2]string{
		call.OpRooms: {"Empty", "RoomsAnswer"}, call.OpMembers: {"RoomRequest", "MembersAnswer"},
		call.OpRemove: {"PeopleRequest", "PeopleAnswer"}, call.OpBan: {"PeopleRequest", "PeopleAnswer"},
		call.OpUnban: {"PeopleRequest", "PeopleAnswer"}, call.OpBans: {"RoomRequest", "BansAnswer"},
		call.OpAllow: {"PeopleRequest", "PeopleAnswer"}, call.OpDisallow: {"PeopleRequest", "PeopleAnswer"},
		call.OpMute: {"MuteRequest", "PeopleAnswer"}, call.OpUnmute: {"MuteRequest", "PeopleAnswer"},
		call.OpHand: {"HandRequest", "Empty"}, call.OpLower: {"LowerRequest", "PeopleAnswer"},
		call.OpWaiting: {"RoomRequest", "WaitingAnswer"}, call.OpAdmit: {"WaitersRequest", "PeopleAnswer"}, call.OpTurnAway: {"WaitersRequest", "PeopleAnswer"},
		call.OpRole: {"RoleRequest", "PeopleAnswer"}, call.OpRules: {"RulesRequest", "RoomRules"},
		call.OpDismiss: {"DismissRequest", "Empty"}, call.OpChat: {"ChatRequest", "ChatAnswer"}, call.OpSay: {"SayRequest", "ChatRow"},
	} {
		p := doc.Paths[doorapi.APIPath+string(op)]["post"]
		got := [2]string{p.RequestBody.Content["application/json"].Schema.name(), p.Responses["200"].Content["application/json"].Schema.name()}
		if got != want {
			t.Errorf("%s: %v, want %v", op, got, want)
		}
	}
}

// TestOpenAPISchemas: every field is in the file with its type, and no other.
func TestOpenAPISchemas(t *testing.T) {
	doc := readOpenAPI(t)
	types := described()
	for name, s := range doc.Components.Schemas {
		if s.Properties != nil && types[name] == nil {
			t.Errorf("schema %s has no type", name)
		}
	}
	for name, typ := range types {
		schema, ok := doc.Components.Schemas[name]
		if !ok {
			t.Errorf("type %s has no schema", name)
			continue
		}
		fields := map[string]reflect.StructField{}
		collectFields(typ, fields)
		for field, f := range fields {
			p, ok := schema.Properties[field]
			if !ok {
				t.Errorf("%s.%s is not in the file", name, field)
			} else if got, want := p.kind(), kindOf(f.Type); got != want {
				t.Errorf("%s.%s is %q in the file and %q in the code", name, field, got, want)
			}
		}
		for field := range schema.Properties {
			if _, ok := fields[field]; !ok {
				t.Errorf("%s has no %s", name, field)
			}
		}
		for _, field := range schema.Required {
			if strings.Contains(fields[field].Tag.Get("json"), "omitempty") {
				t.Errorf("%s.%s is required in the file, but may be left out", name, field)
			}
		}
	}
}

// collectFields are the JSON fields of a struct, those of embedded ones
// included.
func collectFields(typ reflect.Type, into map[string]reflect.StructField) {
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			collectFields(f.Type, into)
		case name != "-":
			into[name] = f
		}
	}
}

// kind is a schema's type, or the schema that it names.
func (s apiSchema) kind() string {
	switch {
	case s.Ref != "":
		return s.name()
	case s.Items != nil:
		return "array of " + s.Items.kind()
	}
	word, _ := s.Type.(string)
	return word
}

func kindOf(t reflect.Type) string {
	named := []string{"RoomParameter", "Role", "Presence", "RoomRules"}
	switch {
	case t.Kind() == reflect.Pointer:
		return kindOf(t.Elem())
	case slices.Contains(named, t.Name()) || t.Kind() == reflect.Struct:
		return t.Name()
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return "string" // base64
	case t.Kind() == reflect.Slice:
		return "array of " + kindOf(t.Elem())
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.String:
		return "string"
	default:
		return "integer"
	}
}
