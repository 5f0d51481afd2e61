package engine

import (
	"fmt"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
	"foyer/engine/internal/tone"
)

const (
	testRecords = 3 * time.Second
	// testSlack is how much longer than its samples a step of a test may take
	// before its device counts as one that does not work.
	testSlack = 2 * time.Second
	// testTail is the silence after what is played: a speaker that is closed
	// does not play what is still on its way.
	testTail = 300 * time.Millisecond
)

// deviceTest is the test of a speaker or microphone.
//
//	speaker:                             opening -> playing -> ended
//	microphone: opening -> recording -> (opening -> playing -> ended)
//
// It only wishes for devices: the table opens and closes them, like all others, so
// that every way out finds them there.
type deviceTest struct {
	source  call.Source
	request map[call.Source]string // the devices that it wishes for now
	clip    []int16                // recorded; nil before
	timer   *time.Timer            // timeout of the step; nil while a device opens
	stop    func()                 // of the step; nil while a device opens
}

// wishes returns the device that the test needs of a source.
func (t *deviceTest) wishes(src call.Source) (request string, needed bool) {
	if t == nil {
		return "", false
	}
	request, needed = t.request[src]
	return request, needed
}

// of reports whether it is src that is tested.
func (t *deviceTest) of(src call.Source) bool { return t != nil && t.source == src }

// waitsFor is the source whose device the present step uses.
func (t *deviceTest) waitsFor() call.Source {
	if t.source == call.SourceMicrophone && t.clip == nil {
		return call.SourceMicrophone
	}
	return call.SourceSpeaker
}

func (dt *deviceTable) doTestDevice(c TestDevice) error {
	if c.Source != call.SourceMicrophone && c.Source != call.SourceSpeaker {
		return badSource(c, c.Source)
	}
	if s := dt.l.stay; s != nil && (s.exit != nil || !s.joined && !s.waits()) {
		return fmt.Errorf("%w: a test while a stay begins or ends", call.ErrBadArgument)
	}
	request, speaker := dt.resolve(c.Source, c.Device), dt.resolve(call.SourceSpeaker, "")
	if request == call.DeviceNone || speaker == call.DeviceNone && c.Source == call.SourceMicrophone {
		return badSource(c, c.Source)
	}
	if err := dt.stuck(c.Source, request); err != nil {
		return err
	}
	dt.endTest(nil)
	dt.test = &deviceTest{source: c.Source, request: map[call.Source]string{c.Source: request}}
	dt.openForTest(c.Source)
	return nil
}

// openForTest brings the test to its next step as soon as the device of src is open.
func (dt *deviceTable) openForTest(src call.Source) {
	if dt.slots[src].dev == nil {
		dt.slots[src].blame(TestDevice{}.Word())
	}
	dt.l.emit(call.TestChanged{Source: dt.test.source, Stage: call.TestOpening})
	dt.settle(src)
	dt.stepTest()
}

// stepTest begins the step for which the test has waited, if its device is open now.
func (dt *deviceTable) stepTest() {
	t := dt.test
	if t == nil || t.stop != nil {
		return
	}
	d := dt.working(t.waitsFor())
	switch {
	case d == nil:
	case t.waitsFor() == call.SourceMicrophone:
		dt.record(t, d)
	default:
		dt.play(t)
	}
}

// record keeps what the microphone hears.
func (dt *deviceTable) record(t *deviceTest, d *device) {
	b := dt.l.inbox
	dt.step(t, call.TestRecording, testRecords, func() func() {
		return d.pump.Record(samplesIn(testRecords), func(clip []int16) {
			b.Put(happened{d.job(noteRecorded), func(l *loop) { l.devices.recorded(t, clip) }})
		})
	})
}

// recorded goes on to play what was recorded. The microphone is not needed any more.
func (dt *deviceTable) recorded(t *deviceTest, clip []int16) {
	if dt.test != t {
		return
	}
	t.timer.Stop()
	t.stop = nil
	if tone.Inaudible(clip) {
		dt.endTest(&call.DeviceError{Source: t.source, Device: dt.slots[t.source].name(), Err: call.ErrNothingHeard})
		return
	}
	t.clip = clip
	t.request = map[call.Source]string{call.SourceSpeaker: dt.resolve(call.SourceSpeaker, "")}
	dt.settle(call.SourceMicrophone)
	dt.openForTest(call.SourceSpeaker)
}

// play plays the recording, or a tone.
func (dt *deviceTable) play(t *deviceTest) {
	clip, b := t.clip, dt.l.inbox
	if t.source == call.SourceSpeaker {
		clip = tone.Test()
	}
	length := time.Duration(len(clip)) * time.Second / call.SampleRate
	clip = append(clip, make([]int16, samplesIn(testTail))...)
	dt.step(t, call.TestPlaying, length, func() func() {
		return dt.l.cfg.Media.Play(clip, func() {
			b.Put(happened{job{op: notePlayed, source: t.source}, func(l *loop) {
				if l.devices.test == t {
					l.devices.endTest(nil)
				}
			}})
		})
	})
}

// step begins a step that media does, with a timeout.
func (dt *deviceTable) step(t *deviceTest, stage call.TestStage, length time.Duration, begin func() func()) {
	src := t.waitsFor()
	t.stop = func() {}
	t.timer = dt.l.after(job{op: timerTest, source: src}, length+testTail+testSlack, func() {
		if dt.test == t && t.waitsFor() == src {
			dt.failTest(src, &call.DeviceError{Source: src, Device: dt.slots[src].name(), Err: call.ErrDeviceFailed})
		}
	})
	dt.l.emit(call.TestChanged{Source: t.source, Stage: stage, Length: length})
	stop, err := guard.Call(func() (func(), error) { return begin(), nil })
	if err != nil {
		dt.failTest(src, call.DeviceErrorOf(call.Device{Source: src, Name: dt.slots[src].name()}, err))
		dt.l.checkPanic(err)
		return
	}
	t.stop = stop
}

// failTest ends the test if its present step uses src.
func (dt *deviceTable) failTest(src call.Source, err error) {
	if dt.test != nil && dt.test.waitsFor() == src {
		dt.endTest(err)
	}
}

// endTest ends the test, if there is one, and gives back what was opened for it.
func (dt *deviceTable) endTest(err error) {
	t := dt.test
	if t == nil {
		return
	}
	dt.test = nil
	if t.stop != nil {
		t.timer.Stop()
		dt.l.guard(t.stop)
	}
	dt.l.emit(call.TestChanged{Source: t.source, Stage: call.TestEnded, Err: err})
	dt.settle(call.SourceMicrophone)
	dt.settle(call.SourceSpeaker)
}

// name is what the user knows the slot's device by; empty if there is none.
func (sl *slot) name() string {
	if sl.dev == nil {
		return ""
	}
	return sl.dev.info.Name
}

func samplesIn(d time.Duration) int { return int(d * call.SampleRate / time.Second) }
