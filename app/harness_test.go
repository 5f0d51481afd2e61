package app

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// backgroundKey is the key of a script's programs in the background.
type backgroundKey struct{}

// background is a program that a script talks to.
type background struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *lineBuffer
	errs  *lineBuffer
	read  int           // bytes of out that await has read
	ended chan struct{} // cmd has ended
}

func scriptStart(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME program ARG...")
	}
	b := &background{
		cmd: exec.Command(args[1], args[2:]...), out: newLineBuffer(), errs: newLineBuffer(), ended: make(chan struct{}),
	}
	b.cmd.Dir, b.cmd.Stdout, b.cmd.Stderr = ts.MkAbs("."), b.out, b.errs
	b.cmd.Env = os.Environ()
	for _, name := range scriptVariables {
		b.cmd.Env = append(b.cmd.Env, name+"="+ts.Getenv(name))
	}
	var err error
	b.stdin, err = b.cmd.StdinPipe()
	ts.Check(err)
	ts.Check(b.cmd.Start())
	ts.Value(backgroundKey{}).(map[string]*background)[args[0]] = b
	go func() {
		_ = b.cmd.Wait() // the status is looked at
		close(b.ended)
	}()
	ts.Defer(func() {
		_ = b.cmd.Process.Kill() // fails if the script has finished it
		<-b.ended
	})
}

// named returns the program in the background of that name.
func named(ts *testscript.TestScript, name string) *background {
	b := ts.Value(backgroundKey{}).(map[string]*background)[name]
	if b == nil {
		ts.Fatalf("no program %q was started", name)
	}
	return b
}

func scriptAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await NAME REGEXP")
	}
	b := named(ts, args[0])
	wanted, err := regexp.Compile(args[1])
	ts.Check(err)
	limit := time.After(timeout)
	for {
		grown, ended := b.out.changed(), b.hasEnded()
		for {
			line, _, whole := bytes.Cut(b.out.bytes()[b.read:], []byte("\n"))
			if !whole {
				break
			}
			b.read += len(line) + 1
			if capture(ts, wanted, string(line)) {
				return
			}
		}
		if ended {
			ts.Fatalf("%s ended without it:\n%s%s", args[0], b.out, b.errs)
		}
		select {
		case <-grown:
		case <-b.ended:
		case <-limit:
			ts.Fatalf("%s does not say it:\n%s%s", args[0], b.out, b.errs)
		}
	}
}

// capture reports whether a text has what is wanted, and sets a variable for each
// named group of it.
func capture(ts *testscript.TestScript, wanted *regexp.Regexp, text string) bool {
	found := wanted.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	for i, name := range wanted.SubexpNames() {
		if name != "" {
			ts.Setenv(name, found[i])
		}
	}
	return true
}

func (b *background) hasEnded() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

func scriptTell(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tell NAME LINE")
	}
	_, err := io.WriteString(named(ts, args[0]).stdin, args[1]+"\n")
	ts.Check(err)
}

func scriptInterrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: interrupt NAME")
	}
	ts.Check(named(ts, args[0]).cmd.Process.Signal(os.Interrupt))
}

func scriptFinish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: finish NAME N")
	}
	b := named(ts, args[0])
	_ = b.stdin.Close() // it may have ended by itself
	select {
	case <-b.ended:
	case <-time.After(timeout):
		ts.Fatalf("%s does not end:\n%s%s", args[0], b.out, b.errs)
	}
	_, _ = ts.Stdout().Write(b.out.bytes())
	_, _ = ts.Stderr().Write(b.errs.bytes())
	wantStatus(ts, b.cmd.ProcessState.ExitCode(), args[1])
}
