package contract

// Row is one promise.
type Row struct {
	ID        string // such as "K8"; a number and nothing else is a section
	Statement string // in a few words
	// Tests names tests that carry no number: of the parts of the contract that
	// have none.
	Tests []string
	// Reason says why no test is asked for, if so.
	Reason string
}

// Rows is the contract of a room, row by row. docs/contract.md has each row in
// full.
func Rows() []Row {
	return []Row{
		{ID: "0", Statement: "decisions where the sources differ", Tests: []string{
			"TestParseReasonOfTheSources", "TestBind", "FuzzRoomParameter", "TestMigration",
		}},
		{ID: "N1", Statement: "a room ID's length counts bytes"},
		{ID: "N2", Statement: "which characters a room ID may have"},
		{ID: "N3", Statement: "% survives links"},
		{ID: "N4", Statement: "empty room ID, user ID and name are three errors"},
		{ID: "N7", Statement: "leaving a room that you are not in changes nothing"},
		{ID: "N8", Statement: "a room ID used again is a new session"},
		{ID: "J1", Statement: "create or join, and join existing only"},
		{ID: "J2", Statement: "joining twice is one session"},
		{ID: "J3", Statement: "joined carries the elapsed time"},
		{ID: "J4", Statement: "every path ends in exactly one exit"},
		{ID: "J5", Statement: "the whole participant list first, then changes"},
		{ID: "J6", Statement: "full, expired and wrong key are separate errors"},
		{ID: "J7", Statement: "a banned user is told until when"},
		{ID: "J8", Statement: "joining has a time limit and can be cancelled"},
		{ID: "J9", Statement: "history on joining: last 50, in order, once"},
		{ID: "J11", Statement: "one room at a time: a second link asks"},
		{ID: "L1", Statement: "leaving stops publishing, playing and preview"},
		{ID: "L2", Statement: "devices are free before the exit is reported"},
		{ID: "L4", Statement: "the others are told that you left"},
		{ID: "L5", Statement: "one exit, whatever comes together"},
		{ID: "L6", Statement: "no re-entry before the exit is over"},
		{ID: "L7", Statement: "leaving works while the server is silent"},
		{ID: "L8", Statement: "destroying leaves first, in every state, twice"},
		{ID: "L9", Statement: "leaving answers at once; misuse has no event"},
		{ID: "L10", Statement: "leave without a room, or with the right one"},
		{ID: "K1", Statement: "removed: out without an exit call"},
		{ID: "K2", Statement: "dismissed: everybody gets out"},
		{ID: "K3", Statement: "same user elsewhere: the first session ends"},
		{ID: "K4", Statement: "the others are told who left and why"},
		{ID: "K5", Statement: "every LiveKit reason has its text"},
		{ID: "K6", Statement: "several removed in one call, with a text"},
		{ID: "K7", Statement: "removing a person who has left: already gone"},
		{ID: "K8", Statement: "bans: timed, listed, lifted, and they hold"},
		{ID: "K9", Statement: "telling the room is a choice"},
		{ID: "K10", Statement: "mute one, all, all but some"},
		{ID: "O1", Statement: "offline: removed by the 31st message, or after 30 s"},
		{ID: "O2", Statement: "real-time removal of offline members"},
		{ID: "O3", Statement: "the allow list is exempt"},
		{ID: "O4", Statement: "dead peers: lost in 5 s, gone in 21 s"},
		{ID: "O6", Statement: "joined, reconnecting, joined or out; leaving always works"},
		{ID: "O8", Statement: "after a full reconnect, participants and chat are right"},
		{ID: "O9", Statement: "removed while offline: the true reason on return"},
		{ID: "O11", Statement: "a switch keeps the preview"},
		{ID: "O12", Statement: "a failed switch has a way back"},
		{ID: "6", Statement: "words, codes and texts of the exits' reasons", Tests: []string{
			"TestReasonNamesBothWays", "TestReasonCodes", "TestK5_EveryLeaveReason",
		}},
	}
}
