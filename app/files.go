package app

import (
	"fmt"
	"io"
	"os"
	"strings"

	"foyer/app/about"
	"foyer/app/install"
	"foyer/app/manual"
	"foyer/ui/words"
)

// runFiles writes what a system keeps beside the program, or removes it.
func runFiles(std io3, args []string) int {
	c := newCommand(std, "files", "files DIR [--program PATH] [--remove]")
	program := c.String("program", "foyer", "where the program is installed")
	remove := c.Bool("remove", false, "remove the files instead")
	c.notes = `
DIR is a folder such as /usr/local or ~/.local. The files are an entry for the menu with
the foyer: links, icons, man pages, completions for bash, zsh and fish, units for
systemd, and the licences. Their names are printed.
`
	positional, status, ok := c.parse(args)
	if !ok {
		return status
	}
	if len(positional) != 1 {
		return c.misused("it takes one folder, got %d", len(positional))
	}
	licences, err := about.Licences()
	if err != nil {
		return c.explain(exitFailed, err)
	}
	all, err := install.All(install.Content{Program: *program, Manual: programManual(), Licences: licences})
	if err != nil {
		return c.explain(exitFailed, err)
	}
	do := install.Write
	if *remove {
		do = install.Remove
	}
	names, err := do(positional[0], all)
	return c.installed(names, err)
}

// installed prints the files that were written or removed.
func (c *command) installed(names []string, err error) int {
	for _, name := range names {
		fmt.Fprintln(c.std.out, name)
	}
	if err != nil {
		return c.explain(exitFailed, fmt.Errorf("%w: %w", words.ErrInstall, err))
	}
	return exitOK
}

// registerLinks makes this program the one that opens foyer: links for the user, or
// undoes that.
func (c *command) registerLinks(undo bool) int {
	home, err := install.UserHome()
	if err != nil {
		return c.explain(exitFailed, fmt.Errorf("%w: %w", words.ErrLinksElsewhere, err))
	}
	program, err := os.Executable()
	if err != nil {
		return c.explain(exitFailed, fmt.Errorf("%w: %w", words.ErrInstall, err))
	}
	ctx, stop := untilTold()
	defer stop()
	var names []string
	if undo {
		names, err = home.Unregister(ctx)
	} else {
		names, err = home.Register(ctx, program)
	}
	if status := c.installed(names, err); status != exitOK {
		return status
	}
	fmt.Fprintln(c.std.out, words.English().LinksRegistered(!undo, program))
	return exitOK
}

// programManual is the manual of the program: what every command says of itself.
func programManual() manual.Program {
	m := manual.Program{Slogan: slogan, Hint: linkHint, Version: Version}
	add := func(name, about string, run func(io3, []string) int, args ...string) {
		var page manual.Page
		run(io3{in: strings.NewReader(""), out: io.Discard, err: io.Discard, page: &page}, append(args, "--help"))
		page.Name, page.About = name, about
		m.Pages = append(m.Pages, page)
	}
	add("", windowAbout, runWindow)
	for _, e := range subcommands() {
		add(e.name, e.about, e.run)
	}
	for _, a := range adminCommands() {
		add("admin "+string(a.op), a.about, runAdmin, string(a.op))
	}
	return m
}
