package app

import (
	"cmp"
	"fmt"
	"time"

	"foyer/app/webpage"
	"foyer/engine/call"
	"foyer/engine/doorclient"
	"foyer/ui/qr"
	"foyer/ui/words"
)

func runInvite(std io3, args []string) int {
	c := newCommand(
		std, "invite", "invite --server URL --admin-key-file F --room ROOM [--title T] [--existing] [--role R] [--for D]"+
			" [--no-pin] [--qr] [--web] [--json]",
	)
	var req doorclient.InviteRequest
	c.StringVar(&req.Server, "server", "", "address of the server, as serve prints it")
	c.StringVar(&req.AdminKeyFile, "admin-key-file", "", "file with the admin key, as serve names it")
	room := c.String("room", "", "room ID: letters, digits and punctuation")
	c.StringVar(&req.Title, "title", "", "what people see instead of the room ID")
	c.BoolVar(&req.Existing, "existing", false, "the link works only while the room is open")
	role := c.String(
		"role", "", "role of people who join by the link: host, cohost, participant or listener (default participant)",
	)
	c.DurationVar(&req.TTL, "for", 0, "how long the invitation is valid (0: forever)")
	c.BoolVar(&req.Unpinned, "no-pin", false, "a shorter link without the fingerprint of the server's certificate: "+
		"for a server with --public and --cert")
	code := c.Bool("qr", false, "print the link as a QR code, too")
	form := webpage.NewForm(c.FlagSet)
	if status, ok := c.parseFlags(args); !ok {
		return status
	}
	if req.TTL < 0 || req.TTL%time.Second != 0 {
		return c.misused("--for takes whole seconds, such as 90m")
	}
	if *role != "" {
		var err error
		if req.Role, err = call.ParseRole(*role); err != nil {
			return c.misused("--role takes host, cohost, participant or listener")
		}
	}
	req.Room = call.RoomID(*room)
	if err := cmp.Or(call.CheckRoomID(*room), call.CheckTitle(req.Title)); err != nil {
		return c.fail(exitUsage, "%s", words.Error(err))
	}
	if req.Server == "" || req.AdminKeyFile == "" {
		return c.misused("it needs --server and --admin-key-file")
	}
	ctx, stop := untilTold()
	defer stop()
	link, err := doorclient.RequestInvite(ctx, req)
	if err != nil {
		return c.serverFailed(err)
	}
	if warning := words.English().RoomWarning(req.Room); warning != "" {
		fmt.Fprintln(std.err, "foyer invite: "+warning)
	}
	text := form.Print(std.out, std.err, link)
	if !*code {
		return exitOK
	}
	fmt.Fprintln(std.out)
	if err := qr.Print(std.out, text); err != nil {
		return c.fail(exitOtherReason, "%s", words.English().T("invite.too_long"))
	}
	return exitOK
}
