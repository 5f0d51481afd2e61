//go:build !unix

package argv

// Hide returns the secret. The command line belongs to the system, which shows it only to
// its user and to administrators.
func Hide(secret string) string { return secret }
