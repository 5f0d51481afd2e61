// Package argv takes secrets out of the command line of this process, which other users
// of the computer can read (ps) for as long as it runs.
package argv

import "os"

// args are the arguments as the system handed them over: os.Args may be changed later.
var args = append([]string(nil), os.Args...)
