// Package deps is a temporary pin.
package deps

import (
	_ "fyne.io/fyne/v2/app"
	_ "fyne.io/fyne/v2/test"
	_ "fyne.io/fyne/v2/widget"
	
	_ "github.com/gen2brain/malgo"
	_ "github.com/gorilla/websocket"
	_ "github.com/livekit/livekit-server/pkg/service"
	_ "github.com/livekit/livekit-server/pkg/routing"
	_ "github.com/livekit/livekit-server/pkg/config"
	_ "github.com/livekit/livekit-server/test/client"
	_ "github.com/livekit/protocol/auth"
	_ "github.com/livekit/protocol/livekit"
	_ "github.com/livekit/psrpc"
	_ "github.com/pion/mediadevices"
	_ "github.com/pion/mediadevices/pkg/driver/camera"
	_ "github.com/pion/mediadevices/pkg/driver/screen"
	_ "github.com/pion/mediadevices/pkg/driver/videotest"
	_ "github.com/pion/webrtc/v4"
	_ "github.com/sirupsen/logrus"
	_ "go.uber.org/goleak"
	_ "golang.org/x/image/draw"
	_ "google.golang.org/protobuf/proto"
	_ "modernc.org/sqlite"
	_ "github.com/pion/mediadevices/pkg/codec/opus"
	_ "github.com/pion/mediadevices/pkg/codec/vpx"
	_ "github.com/pion/transport/v4/test"
	_ "github.com/pion/transport/v4/vnet"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/time/rate"
)
