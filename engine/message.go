package engine

import (
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
)

// message is something for the loop to do: a value that says what it is, so that a
// trace shows what the loop has done and a test can let it do the same again.
type message interface {
	handle(l *loop)
	note() Note
}

// dropper is a message that is dropped, instead of handled, when the loop has ended.
type dropper interface{ drop() }

// Op names what a worker or a timer of the loop is about.
type Op string

// What workers do. Each result comes back as a message.
const (
	opOpen          Op = "open"
	opClose         Op = "close"
	opDrain         Op = "drain" // the device's pump ends
	opList          Op = "list"
	opInspect       Op = "inspect"
	opAdmit         Op = "admit"
	opDial          Op = "dial"
	opEnd           Op = "end" // the session's Leave and Close
	opPublish       Op = "publish"
	opUnpublish     Op = "unpublish"
	opMute          Op = "mute"
	opSubscribe     Op = "subscribe"
	opHistory       Op = "history"
	opChat          Op = "chat"
	opModerate      Op = "moderate"
	opHand          Op = "hand"
	opReact         Op = "react"
	opCloseReceiver Op = "close_receiver"
	opStartServer   Op = "start_server"
	opRestartServer Op = "restart_server"
	opStopServer    Op = "stop_server"
	opClosePart     Op = "close_part" // media or the server, at the engine's end
)

// What the loop's timers wait for.
const (
	timerOpen       Op = "open_overdue"
	timerClose      Op = "close_overdue"
	timerInspect    Op = "inspect_overdue"
	timerJoin       Op = "join_overdue"
	timerDial       Op = "dial_abandoned"
	timerGrace      Op = "grace_over"
	timerWait       Op = "wait_over"
	timerAsk        Op = "ask_again"
	timerParts      Op = "parts_overdue"
	timerTest       Op = "test_overdue"
	timerHistory    Op = "history_again"
	timerCatchUp    Op = "catch_up_due"
	timerHeldChat   Op = "held_chat_due"
	noteQuit        Op = "quit"
	noteDeviceGone  Op = "device_gone"
	noteServerGone  Op = "server_gone"
	noteReached     Op = "server_reached"
	noteUnread      Op = "unread"
	noteReception   Op = "reception_due"
	noteHands       Op = "hands_due"
	noteExitResumed Op = "exit_resumed"
	noteFault       Op = "fault"
	noteFeed        Op = "feed"
	noteRecorded    Op = "recorded"
	noteVoice       Op = "voice_failed" // a part of what is done to our microphone
	notePlayed      Op = "played"
)

// job is what a worker or a timer was started for.
type job struct {
	op     Op
	gen    uint64 // of the stay; 0: of none
	source call.Source
	about  string // a device, a track, an operation
}

func (j job) noteOf(k NoteKind) Note {
	return Note{Kind: k, Op: j.op, Gen: j.gen, Source: j.source, About: j.about}
}

// of is the job for a stay.
func (s *stay) of(op Op) job { return job{op: op, gen: s.gen} }

// job is what is done with a device.
func (d *device) job(op Op) job { return job{op: op, source: d.source, about: d.request} }

// commandGiven is a command that waits for its answer.
type commandGiven struct {
	command Command
	answer  chan<- error
}

func (m commandGiven) handle(l *loop) { l.answer(m.command, m.answer) }
func (m commandGiven) note() Note     { return Note{Kind: NoteCommand, Value: m.command} }

// happened is a message without a result: something was noticed.
type happened struct {
	job
	then func(*loop)
}

func (m happened) handle(l *loop) { m.then(l) }
func (m happened) note() Note     { return m.noteOf(NoteHappened) }

// timerFired says that a time is over.
type timerFired struct {
	job
	then func()
}

func (m timerFired) handle(*loop) { m.then() }
func (m timerFired) note() Note   { return m.noteOf(NoteTimer) }

// workDone brings what a worker made of its job.
type workDone[T any] struct {
	job
	took    time.Duration
	value   T
	err     error
	done    func(T, error)
	release func(T) // may be nil
}

func (m workDone[T]) handle(l *loop) {
	l.checkPanic(m.err)
	m.done(m.value, m.err)
}

func (m workDone[T]) note() Note {
	n := m.noteOf(NoteResult)
	n.Took, n.Err = m.took, m.err
	if t, ok := any(m.value).(call.LocalTrack); ok && m.err == nil && t != nil {
		n.About = string(t.SID())
	}
	return n
}

// drop releases what came too late.
func (m workDone[T]) drop() {
	if m.release != nil && m.err == nil {
		_ = guard.Do(func() error { m.release(m.value); return nil })
	}
}

// work runs f in a goroutine and brings its result to the loop as done. A panic
// of f ends the stay with internal and reaches done as an error. release, which may be
// nil, releases a result that comes when the loop has ended.
func work[T any](l *loop, j job, f func() (T, error), done func(T, error), release func(T)) {
	l.workers.Add(1)
	began := time.Now()
	go func() {
		defer l.workers.Done()
		v, err := guard.Call(f)
		m := workDone[T]{job: j, took: time.Since(began), value: v, err: err, done: done, release: release}
		if !l.inbox.Put(m) {
			m.drop()
		}
	}()
}

// do is work without a value.
func do(l *loop, j job, f func() error, done func(error)) {
	work(l, j, func() (struct{}, error) { return struct{}{}, f() },
		func(_ struct{}, err error) { done(err) }, nil)
}

// after posts f when d is over. The timer may be stopped; f must stand a late
// call all the same.
func (l *loop) after(j job, d time.Duration, f func()) *time.Timer {
	b := l.inbox
	return time.AfterFunc(d, func() { b.Put(timerFired{j, f}) })
}

// later posts f behind what waits already.
func (l *loop) later(j job, f func(*loop)) { l.inbox.Put(happened{j, f}) }
