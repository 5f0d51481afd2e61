package call_test

import (
	"errors"
	"fmt"
	"image/color"

	"foyer/engine/call"
)

// A decoder writes frames in the size that the tile asks for; the tile reads the
// newest.
func ExampleFrameSlot() {
	var slot call.FrameSlot
	slot.SetView(call.View{Width: 4, Height: 2}) // the tile

	view := slot.View() // the decoder
	img := slot.Begin(view.Width, view.Height)
	img.Set(0, 0, color.White)
	slot.Commit()

	newest, _ := slot.Latest() // the tile
	fmt.Println(newest.Bounds(), newest.At(0, 0) == color.RGBAModel.Convert(color.White))
	slot.Clear() // muted
	newest, _ = slot.Latest()
	fmt.Println(newest == nil)
	// Output:
	// (0,0)-(4,2) true
	// true
}

// An invite link is found in whatever it was pasted with.
func ExampleParseLink() {
	invite := call.Link{Hosts: []string{"rooms.example:7843"}, Room: "design", Secret: "2bXH0mWbXyQEUr9aXyzVxQ"}
	link, err := call.ParseLink("Come to " + invite.String() + " at nine!")
	fmt.Println(link.Room, link.Hosts, err)
	_, err = call.ParseLink("hello")
	fmt.Println(errors.Is(err, call.ErrLinkUnreadable))
	// Output:
	// design [rooms.example:7843] <nil>
	// true
}
