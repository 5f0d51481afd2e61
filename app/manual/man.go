package manual

import (
	"fmt"
	"strings"
)

// Man are the man pages of section 1: their files' names, and the text of each.
func (p Program) Man() map[string]string {
	all := map[string]string{"foyer.1": p.mainPage()}
	for _, c := range p.commands() {
		all["foyer-"+c.Name+".1"] = p.commandPage(c)
	}
	return all
}

// roff is a page in the language of man(7).
type roff struct{ strings.Builder }

// text is what roff prints as it is. Hyphens are what one types, not what a line may
// be broken at.
func text(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

func (r *roff) line(format string, a ...any) { fmt.Fprintf(r, format+"\n", a...) }

func (r *roff) head(page string, p Program) {
	r.line(`.TH %s 1 "" "Foyer %s" "Foyer's manual"`, strings.ToUpper(text(page)), text(p.Version))
}

func (r *roff) section(title string) { r.line(".SH %s", title) }

// paragraphs prints text as it is laid out: columns, and lines that belong together.
func (r *roff) paragraphs(s string) {
	r.line(".nf")
	for line := range strings.SplitSeq(strings.Trim(s, "\n"), "\n") {
		r.line("%s", text(line))
	}
	r.line(".fi")
}

func (r *roff) flags(flags []Flag) {
	for _, f := range flags {
		r.line(".TP")
		if f.Value == "" {
			r.line(`\fB\-\-%s\fR`, text(f.Name))
		} else {
			r.line(`\fB\-\-%s\fR \fI%s\fR`, text(f.Name), text(f.Value))
		}
		usage := f.Usage
		if f.Default != "" {
			usage += fmt.Sprintf(" (default %s)", f.Default)
		}
		r.line("%s", text(usage))
	}
}

// synopsis prints how a command is typed, and returns what its help says below it.
func (r *roff) synopsis(p Page) (rest string) {
	first, rest, _ := strings.Cut(p.Synopsis, "\n\n")
	r.line(".nf")
	for i, line := range strings.Split(first, "\n") {
		if i == 0 {
			line = "foyer " + line
		}
		r.line("%s", text(line))
	}
	r.line(".fi")
	return rest
}

func (p Program) mainPage() string {
	var r roff
	r.head("foyer", p)
	r.section("NAME")
	r.line(`foyer \- %s`, text(p.Slogan))
	window := p.Pages[0]
	r.section("SYNOPSIS")
	rest := r.synopsis(window)
	r.line(`.br`)
	r.line(`foyer \fICOMMAND\fR ...`)
	r.section("DESCRIPTION")
	r.line("Without a command, foyer opens its window; with a link, it asks to join there.")
	if rest != "" {
		r.line(".PP")
		r.paragraphs(rest)
	}
	r.section("COMMANDS")
	for _, c := range p.commands() {
		r.line(".TP")
		r.line(`\fBfoyer %s\fR`, text(c.Name))
		r.line("%s; see foyer\\-%s(1)", text(c.About), text(c.Name))
	}
	r.section("OPTIONS")
	r.flags(window.Flags)
	r.section("NOTES")
	r.paragraphs(window.Notes)
	r.line(".PP")
	r.paragraphs(p.Hint)
	r.section("SEE ALSO")
	r.seeAlso(p, "foyer")
	return r.String()
}

func (p Program) commandPage(c Page) string {
	var r roff
	r.head("foyer-"+c.Name, p)
	r.section("NAME")
	r.line(`foyer\-%s \- %s`, text(c.Name), text(c.About))
	r.section("SYNOPSIS")
	rest := r.synopsis(c)
	if rest != "" {
		r.section("DESCRIPTION")
		r.paragraphs(rest)
	}
	r.section("OPTIONS")
	r.flags(c.Flags)
	if parts := p.parts(c.Name); len(parts) > 0 {
		r.section("COMMANDS")
		for _, part := range parts {
			r.line(".SS %s", text(strings.TrimPrefix(part.Name, c.Name+" ")))
			if rest := r.synopsis(part); rest != "" {
				r.line(".PP")
				r.paragraphs(rest)
			}
			r.flags(without(part.Flags, c.Flags))
		}
	}
	if c.Notes != "" {
		r.section("NOTES")
		r.paragraphs(c.Notes)
	}
	r.section("SEE ALSO")
	r.seeAlso(p, "foyer-"+c.Name)
	return r.String()
}

// seeAlso names the other pages.
func (r *roff) seeAlso(p Program, self string) {
	pages := []string{"foyer"}
	for _, c := range p.commands() {
		pages = append(pages, "foyer-"+c.Name)
	}
	var others []string
	for _, page := range pages {
		if page != self {
			others = append(others, text(page)+"(1)")
		}
	}
	r.line("%s", strings.Join(others, ",\n"))
}

// without are the flags of a set that another one lacks.
func without(flags, others []Flag) []Flag {
	has := map[string]bool{}
	for _, f := range others {
		has[f.Name] = true
	}
	var all []Flag
	for _, f := range flags {
		if !has[f.Name] {
			all = append(all, f)
		}
	}
	return all
}
