package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/sirupsen/logrus"

	"foyer/app/profiling"
	"foyer/app/serving"
	"foyer/app/webpage"
	"foyer/engine/call"
	"foyer/engine/host"
	"foyer/engine/roomserver"
)

// splitData tells a folder from the address of a database; with the latter, keys
// and certificate stay in the default folder.
func splitData(data string) (folder, database string) {
	if strings.HasPrefix(data, "postgres://") || strings.HasPrefix(data, "postgresql://") {
		return "", data
	}
	return data, ""
}

func runServe(std io3, args []string) int {
	c := newCommand(std, "serve", `serve [--listen ADDR:PORT] [--data DIR|postgres://...] [--room-ttl D]
             [--media-port PORT] [--public HOST[:PORT]]... [--relay LINK]
             [--cert FILE --key FILE | --domain HOST[:PORT] --acme]
             [--acme-http ADDR:PORT] [--acme-directory URL] [--acme-roots FILE]
             [--livekit URL --api-key K [--api-secret-file FILE | --api-secret S]]
             [--no-port-mapping] [--resume] [--lifeline] [--pprof ADDR] [--trace FILE]`)
	conf := host.Config{Page: webpage.Files()}
	c.StringVar(&conf.Listen, "listen", host.DefaultListen, "address and port of the door")
	c.StringVar(&conf.Data, "data", "", "folder for keys and rooms (default: your data folder), or the postgres:// "+
		"address of a database that several doors of a cluster can share; put its password in $PGPASSWORD")
	c.DurationVar(&conf.RoomTTL, "room-ttl", host.DefaultRoomTTL, "how long a room stays open with nobody in it")
	network := serving.NewFlags(c.FlagSet, &conf)
	c.StringVar(&conf.LiveKitURL, "livekit", "", "run only the door in front of this LiveKit server: "+
		"a wss:// or https:// address; ws:// and http:// on this computer only")
	c.StringVar(&conf.APIKey, "api-key", "", "API key of that LiveKit server (default: $"+apiKeyVariable+")")
	c.StringVar(&conf.APISecret, "api-secret", "", "API secret of that LiveKit server; other users can see "+
		"command lines, so prefer --api-secret-file or $"+apiSecretVariable)
	secretFile := c.String("api-secret-file", "", "file with the API secret, readable only by you")
	c.BoolVar(&conf.Resume, "resume", false, "after a crash, reopen the rooms that were open within the last minute")
	lifeline := c.Bool("lifeline", false, "for programs that start it: stop when standard input closes")
	c.StringVar(&c.pprof, "pprof", "", profiling.Usage)
	c.traceFlag()
	if status, ok := c.parseFlags(args); !ok {
		return status
	}
	conf.Log = c.logger(std.err)
	if err := cmp.Or(completeServe(&conf, *secretFile), network.Complete(&conf)); err != nil {
		return c.serverFailed(err)
	}

	ctx, stop, err := c.untilTold()
	if err != nil {
		return c.misused("%v", err)
	}
	defer stop()
	if c.tracer != nil {
		conf.Trace = c.tracer.Frame
	}
	if *lifeline {
		conf.Patient = true // the server of a window that was closed just now
		go stopAtEnd(std.in, stop)
	}
	if err = serving.Run(ctx, conf, std.out); err == nil {
		return exitOK
	}
	if *lifeline {
		_ = roomserver.WriteFailure(std.out, err) // the window says it in its own words
	}
	return c.serverFailed(err)
}

// stopAtEnd calls stop when nothing more can be read. It ends with the process:
// a blocked read of stdin has no other end.
func stopAtEnd(in io.Reader, stop func()) {
	_, _ = io.Copy(io.Discard, in)
	stop()
}

// Variables that LiveKit's own tools read.
const (
	apiKeyVariable    = "LIVEKIT_API_KEY"
	apiSecretVariable = "LIVEKIT_API_SECRET"
)

// completeServe fills in what the command line leaves to files and variables.
func completeServe(conf *host.Config, secretFile string) (err error) {
	if secretFile != "" {
		if conf.APISecret != "" {
			return fmt.Errorf("%w: --api-secret and --api-secret-file", call.ErrServerConfig)
		}
		if conf.APISecret, err = readSecret(secretFile, conf.Log); err != nil {
			return err
		}
	}
	if conf.LiveKitURL != "" {
		conf.APIKey = orVariable(conf.APIKey, apiKeyVariable)
		conf.APISecret = orVariable(conf.APISecret, apiSecretVariable)
	}
	conf.Data, conf.Database = splitData(conf.Data)
	if conf.Data == "" {
		conf.Data, err = dataFolder()
	}
	return err
}

const maxSecret = 4 << 10 // bytes

// readSecret reads what a file has besides blanks at its ends.
func readSecret(name string, log logrus.FieldLogger) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("%w: %w", call.ErrSecretFile, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		log.WithField("file", name).Warn("other users can read or write the file with the API secret")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return "", fmt.Errorf("%w: %w", call.ErrSecretFile, err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("%w: %s is empty", call.ErrSecretFile, name)
	}
	return secret, nil
}

func orVariable(value, name string) string {
	if value != "" {
		return value
	}
	return os.Getenv(name)
}

// serverFailed tells a wrong command line from what went wrong afterwards.
func (c *command) serverFailed(err error) int {
	return c.explain(failureStatus(err), err)
}

// failureStatus tells a wrong command line from everything else.
func failureStatus(err error) int {
	if errors.Is(err, call.ErrServerConfig) || errors.Is(err, call.ErrServerAddress) {
		return exitUsage
	}
	return exitFailed
}
