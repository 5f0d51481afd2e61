package relaywire

import (
	"net"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
)

// TestClosedStreamKeepsNothing: what nobody has read is given up with the stream, though
// the other end does not agree to its end.
func TestClosedStreamKeepsNothing(t *testing.T) {
	a, b := net.Pipe()
	ours, err := yamux.Client(a, Streams())
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	theirs, err := yamux.Server(b, Streams())
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	opened, err := ours.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	other, err := theirs.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Write(make([]byte, streamWindow)); err != nil {
		t.Fatal(err)
	}
	// A byte more waits for a window, which opens as soon as something is read.
	stream, more := &Stream{Stream: opened}, make(chan error, 1)
	go func() {
		_ = other.SetWriteDeadline(time.Now().Add(10 * time.Second))
		_, err := other.Write([]byte{1})
		more <- err
	}()
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-more; err != nil {
		t.Errorf("it keeps what nobody has read: %v", err)
	}
	if _, err := stream.Read(make([]byte, 1)); err == nil {
		t.Error("it is read on")
	}
}
