package rtp

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/sirupsen/logrus"

	"foyer/engine/client/bandwidth"
)

func TestOpenNothingOfH264(t *testing.T) {
	tr := bareTransport(t)
	if err := tr.AddSections(1, 1); err != nil {
		t.Fatal(err)
	}
	offer, err := tr.Pub.PC.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"VP8/90000", "opus/48000/2", "useinbandfec=1", "transport-cc", "ssrc-audio-level", "nack pli"} {
		if !strings.Contains(offer.SDP, want) {
			t.Errorf("offer lacks %q", want)
		}
	}
	for _, unwanted := range []string{"H264", "VP9", "AV1", "rtx"} {
		if strings.Contains(offer.SDP, unwanted) {
			t.Errorf("offer has %q", unwanted)
		}
	}
}

// bareTransport is connected to nobody, and ends with the test.
func bareTransport(t *testing.T) *Transport {
	t.Helper()
	var rests sync.WaitGroup
	tr, err := NewTransport(Config{
		Log: PionLog{logrus.StandardLogger()}, Budget: new(bandwidth.Budget), Keep: rests.Go,
		Events: Events{
			Candidate: func(*Transport, *Peer, *webrtc.ICECandidate) {}, State: func(*Transport, *Peer, webrtc.PeerConnectionState) {},
			DataReady: func(*Transport) {},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close(time.Second, rests.Go); rests.Wait() })
	return tr
}
