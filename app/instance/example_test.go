package instance_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/sirupsen/logrus"

	"foyer/app/instance"
	"foyer/engine/private"
)

// The second start of a profile hands its link to the first.
func ExampleClaim() {
	ctx := context.Background()
	path, err := os.MkdirTemp("", "profile")
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := private.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dir.RemoveAll()
	first, err := instance.Claim(ctx, dir, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer first.Close()
	stop, err := first.Listen(func(_ context.Context, link string) bool {
		fmt.Println("the window opens", link)
		return true
	}, logrus.New())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	_, err = instance.Claim(ctx, dir, "foyer://host/room")
	fmt.Println(errors.Is(err, instance.ErrHandedOver))
	// Output:
	// the window opens foyer://host/room
	// true
}
