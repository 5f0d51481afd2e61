// Package manual makes man pages and the completions of shells of what the command
// line says of itself. It is without state: any goroutine may use it.
package manual

import (
	"flag"
	"strconv"
	"strings"
)

// Page is the help of a command.
type Page struct {
	Name     string // "serve", "admin ban"; empty: the program itself
	About    string // what it does, in a few words
	Synopsis string // what stands behind "foyer", and what else is said in paragraphs below it
	Notes    string // what is said below the flags
	Flags    []Flag // by name
}

// Flag is a flag of a command.
type Flag struct {
	Name, Usage string
	Value       string // what it takes, in a word; empty: nothing
	Default     string // as it is typed; empty: none that is worth a word
}

// Program is what the manual says of the program itself.
type Program struct {
	Slogan  string
	Hint    string // below the commands
	Version string
	Pages   []Page // that of the window first, those of parts of a command behind it
}

// Flags are the flags of a set, by name.
func Flags(set *flag.FlagSet) []Flag {
	var all []Flag
	set.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		preset := f.DefValue
		switch preset {
		case "0", "0s", "false":
			preset = ""
		}
		if value == "string" && preset != "" {
			preset = strconv.Quote(preset)
		}
		all = append(all, Flag{Name: f.Name, Usage: usage, Value: value, Default: preset})
	})
	return all
}

// Command is the first word of a page's name.
func (p Page) Command() string {
	command, _, _ := strings.Cut(p.Name, " ")
	return command
}

// parts are the pages of what follows a command's name, such as "admin ban".
func (p Program) parts(command string) []Page {
	var all []Page
	for _, page := range p.Pages {
		if command != "" && strings.HasPrefix(page.Name, command+" ") {
			all = append(all, page)
		}
	}
	return all
}

// commands are the pages without the window's and without parts.
func (p Program) commands() []Page {
	var all []Page
	for _, page := range p.Pages {
		if page.Name != "" && page.Name == page.Command() {
			all = append(all, page)
		}
	}
	return all
}

// value is what a shell offers for a flag's value.
type value struct {
	words []string
	files bool
	dirs  bool
}

// values are what is known of flags' values, by the flags' names. The others take
// what only the user knows.
func values() map[string]value {
	roles := []string{"host", "cohost", "participant", "listener"}
	return map[string]value{
		"camera":          {words: []string{"none", "test"}, files: true},
		"mic":             {words: []string{"none", "test"}, files: true},
		"speaker":         {words: []string{"none", "default"}},
		"role":            {words: roles},
		"log-level":       {words: []string{"error", "warn", "info", "debug"}},
		"admin-key-file":  {files: true},
		"api-secret-file": {files: true},
		"trace":           {files: true},
		"program":         {files: true},
		"data":            {dirs: true},
		"profile":         {dirs: true},
	}
}
