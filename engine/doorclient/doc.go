// Package doorclient is the client of a room server's door, the one for members, for
// `foyer admin` and for the window: it trusts the certificate that an invitation or
// a key file names and no other, limits what it reads, and turns refusals into the
// errors of package call.
//
//	member   RequestAdmission, Do     by invite link, then by token
//	admin    Admin, RequestInvite     by key file
//
// Every function may be called from any goroutine and returns when its context
// ends.
package doorclient
