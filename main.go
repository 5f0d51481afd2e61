// Foyer: video rooms without a browser, an account or a cloud.
package main

import (
	"os"

	"foyer/app"
)

func main() { os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
