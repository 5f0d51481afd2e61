package manual

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// flagsOf are the flags of a command and of its parts, by name, each once.
func (p Program) flagsOf(c Page) []Flag {
	found := map[string]Flag{}
	for _, page := range append([]Page{c}, p.parts(c.Name)...) {
		for _, f := range page.Flags {
			found[f.Name] = f
		}
	}
	var all []Flag
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[name])
	}
	return all
}

// wordsOf are the words that may follow a command's name.
func (p Program) wordsOf(c Page) []string {
	var words []string
	for _, part := range p.parts(c.Name) {
		words = append(words, strings.TrimPrefix(part.Name, c.Name+" "))
	}
	return words
}

func names(pages []Page) []string {
	all := make([]string, len(pages))
	for i, page := range pages {
		all[i] = page.Name
	}
	return all
}

// takers are the flags that take a value, of all pages.
func (p Program) takers() map[string]bool {
	all := map[string]bool{}
	for _, page := range p.Pages {
		for _, f := range page.Flags {
			if f.Value != "" {
				all[f.Name] = true
			}
		}
	}
	return all
}

// Bash is the completion for bash. It needs nothing of bash-completion's.
func (p Program) Bash() string {
	var b strings.Builder
	b.WriteString(`# Completion of foyer for bash; written by "foyer files".
_foyer() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i
	# --flag=value comes as three words.
	if [ "$cur" = = ]; then
		cur=
	elif [ "$prev" = = ] && [ "$COMP_CWORD" -gt 1 ]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
`)
	fmt.Fprintf(&b, "\t\t%s) command=${COMP_WORDS[i]}; break ;;\n", strings.Join(names(p.commands()), "|"))
	b.WriteString("\t\tesac\n\tdone\n\tCOMPREPLY=()\n\tcase $prev in\n")
	takers, known := p.takers(), values()
	for _, name := range slices.Sorted(maps.Keys(takers)) {
		v := known[name]
		fmt.Fprintf(&b, "\t--%s)", name)
		if len(v.words) > 0 {
			fmt.Fprintf(&b, " COMPREPLY+=($(compgen -W %q -- \"$cur\"));", strings.Join(v.words, " "))
		}
		switch {
		case v.files:
			b.WriteString(` compopt -o filenames; mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$cur");`)
		case v.dirs:
			b.WriteString(` compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur");`)
		}
		b.WriteString(" return ;;\n")
	}
	b.WriteString("\tesac\n\tlocal flags=\n\tcase $command in\n")
	for _, c := range p.commands() {
		fmt.Fprintf(&b, "\t%s) flags=%q ;;\n", c.Name, strings.Join(p.bashWords(c), " "))
	}
	window := append(p.bashWords(p.Pages[0]), names(p.commands())...)
	fmt.Fprintf(&b, "\t'') flags=%q ;;\n", strings.Join(window, " "))
	b.WriteString("\tesac\n\tCOMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n}\ncomplete -F _foyer foyer\n")
	return b.String()
}

// bashWords are what may stand behind a command: its words, and its flags.
func (p Program) bashWords(c Page) []string {
	words := p.wordsOf(c)
	for _, f := range p.flagsOf(c) {
		words = append(words, "--"+f.Name)
	}
	return append(words, "--help")
}

// Zsh is the completion for zsh.
func (p Program) Zsh() string {
	var b strings.Builder
	b.WriteString("#compdef foyer\n# Completion of foyer for zsh; written by \"foyer files\".\n")
	b.WriteString("_foyer() {\n\tlocal curcontext=$curcontext state line\n\tlocal -a commands\n\tcommands=(\n")
	for _, c := range p.commands() {
		fmt.Fprintf(&b, "\t\t%s\n", zshQuote(c.Name+":"+c.About))
	}
	b.WriteString("\t)\n\t_arguments -C")
	p.zshFlags(&b, p.Pages[0])
	b.WriteString(" \\\n\t\t'1: :->command' '*:: :->rest'\n")
	b.WriteString("\tcase $state in\n\tcommand) _describe command commands ;;\n\trest)\n\t\tcase $words[1] in\n")
	for _, c := range p.commands() {
		fmt.Fprintf(&b, "\t\t%s) _arguments", c.Name)
		p.zshFlags(&b, c)
		if words := p.wordsOf(c); len(words) > 0 {
			fmt.Fprintf(&b, " \\\n\t\t%s", zshQuote("1:command:("+strings.Join(words, " ")+")"))
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("\t\tesac ;;\n\tesac\n}\n_foyer \"$@\"\n")
	return b.String()
}

func (p Program) zshFlags(b *strings.Builder, c Page) {
	escape := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)
	known := values()
	for _, f := range p.flagsOf(c) {
		spec := fmt.Sprintf("--%s[%s]", f.Name, escape.Replace(f.Usage))
		if f.Value != "" {
			spec += ":" + f.Value + ":"
			v := known[f.Name]
			switch {
			case v.files && len(v.words) > 0:
				spec += fmt.Sprintf(`{_alternative "w:word:(%s)" "f:file:_files"}`, strings.Join(v.words, " "))
			case v.files:
				spec += "_files"
			case v.dirs:
				spec += "_files -/"
			case len(v.words) > 0:
				spec += "(" + strings.Join(v.words, " ") + ")"
			}
		}
		fmt.Fprintf(b, " \\\n\t\t%s", zshQuote(spec))
	}
}

func zshQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Fish is the completion for fish.
func (p Program) Fish() string {
	quote := func(s string) string {
		return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
	}
	var b strings.Builder
	b.WriteString("# Completion of foyer for fish; written by \"foyer files\".\ncomplete -c foyer -f\n")
	known := values()
	flags := func(c Page, condition string) {
		for _, f := range p.flagsOf(c) {
			fmt.Fprintf(&b, "complete -c foyer -n %s -l %s -d %s", quote(condition), f.Name, quote(f.Usage))
			v := known[f.Name]
			if f.Value != "" {
				b.WriteString(" -r")
			}
			if len(v.words) > 0 {
				b.WriteString(" -a " + quote(strings.Join(v.words, " ")))
			}
			switch {
			case v.files:
				b.WriteString(" -F")
			case v.dirs:
				b.WriteString(" -a '(__fish_complete_directories)'")
			}
			b.WriteString("\n")
		}
	}
	flags(p.Pages[0], "__fish_use_subcommand")
	for _, c := range p.commands() {
		fmt.Fprintf(&b, "complete -c foyer -n __fish_use_subcommand -a %s -d %s\n", c.Name, quote(c.About))
		flags(c, "__fish_seen_subcommand_from "+c.Name)
		for _, part := range p.parts(c.Name) {
			fmt.Fprintf(&b, "complete -c foyer -n %s -a %s -d %s\n", quote("__fish_seen_subcommand_from "+c.Name),
				strings.TrimPrefix(part.Name, c.Name+" "), quote(part.About))
		}
	}
	return b.String()
}
