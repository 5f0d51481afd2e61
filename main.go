// Foyer: video rooms without a browser, an account or a cloud.
package main

import (
	"os"

	"foyer/app"
	"foyer/app/console"
)

func main() {
	console.Attach()
	os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
