package client

// alarmKind is something that the loop does when its time has come.
type alarmKind int

const (
	alarmPing      alarmKind = iota // say that we are here
	alarmPong                       // the server has been silent for too long
	alarmMedia                      // the media connection is not there
	alarmAnswer                     // an offer was not answered
	alarmQuiet                      // media has been disconnected for a while
	alarmRetry                      // try to reconnect
	alarmGiveUp                     // reconnecting has taken too long
	alarmSilence                    // look for people who have gone silent
	alarmHeartbeat                  // say to the others that we are here
	alarmRemoval                    // we were told that we are removed, and are still here
	alarmLeft                       // people who have gone have no reason that we will hear
	alarmData                       // look whether the data channels work
	alarmSections                   // offer the media sections that the server asked for
	alarmPath                       // media has not come through: try the next way to the server
)
