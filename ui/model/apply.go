package model

import (
	"errors"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/eventqueue"
)

// Apply changes the state by one event. Events about people in a room that the user
// has left change nothing.
func (s *State) Apply(e eventqueue.Stamped) {
	switch v := e.Event.(type) {
	case call.StateChanged:
		s.Engine = v.State
		if v.State == call.StateLeaving {
			s.Screens.CloseShare()
		}
		if v.State == call.StateReconnecting {
			s.reconnecting(e.At)
		}
	case call.Joined:
		s.joined(v, e.At)
	case call.RoomUpdated:
		if s.InRoom() {
			s.replaceRoster(v.Self, v.Participants)
			s.Screens.tidy()
		}
	case call.RulesChanged:
		if s.InRoom() {
			s.stand(v.Standing, e.At)
		}
	case call.Left:
		s.left(v)

	case call.ParticipantJoined:
		s.participantJoined(v.Participant, e.At)
	case call.ParticipantUpdated:
		if p := s.person(v.Participant.Identity); p != nil && (p.SID == v.Participant.SID || p.Self) {
			p.update(v.Participant)
		}
	case call.ParticipantLeft:
		s.participantLeft(v, e.At)
	case call.SpeakersChanged:
		s.speak(v.Speakers, e.At)
	case call.HandsChanged:
		s.Gestures.handsChanged(v, e.At)
	case call.HandLowered:
		if s.InRoom() {
			s.Notify(Notice{At: e.At, Kind: NoticeHandLowered})
		}
	case call.Reacted:
		s.Gestures.reacted(v, e.At)
	case call.VolumeChanged:
		s.Gestures.volumeChanged(v)
	case call.QualityChanged:
		if p := s.person(v.ID); p != nil {
			p.Quality = v.Quality
		}

	case call.TrackPublished:
		s.trackChanged(v.ID, v.Track, v.Local)
	case call.TrackUnpublished:
		s.trackUnpublished(v)
	case call.TrackMuted:
		s.trackMuted(v, e.At)
	case call.TrackUnmuted:
		v.Track.Muted = false
		s.trackChanged(v.ID, v.Track, v.Local)
	case call.TrackSubscribed:
		s.setTrack(v.ID, v.Track)
		if p := s.person(v.ID); p != nil && v.Slot != nil {
			p.Slots[v.Track.SID] = v.Slot
		}
	case call.TrackUnsubscribed:
		if p := s.person(v.ID); p != nil {
			delete(p.Slots, v.Track.SID)
		}

	case call.PreviewStarted:
		s.Previews[v.Device.Source] = Preview{Device: v.Device, Slot: v.Slot, Level: v.Level, Voice: v.Voice}
		delete(s.Opening, v.Device.Source)
		delete(s.Trouble, v.Device.Source)
	case call.PreviewStopped:
		delete(s.Previews, v.Device.Source)
	case call.DevicesChanged:
		s.Devices = append([]call.Device(nil), v.Devices...)
		s.Setup.ListErr = nil
		s.Screens.shareListed(nil)
	case call.DeviceLost:
		s.deviceLost(v, e.At)
	case call.CommandFailed:
		if s.Standing.Listens() && errors.Is(v.Err, call.ErrListener) {
			return // told already, of all sources at once
		}
		if v.Command == CommandChat {
			s.chatFailed(v)
			return
		}
		s.failed(v, e.At)
	case call.RoomServerStarted:
		s.ServerRestarting = false
	case call.RoomServerReached:
		s.reached = v
		s.Room.follow(v)
	case call.RoomServerStopped:
		s.serverStopped(v, e.At)

	case call.ChatReceived:
		s.chatReceived(v)
	case call.WaitersChanged:
		waits{s}.changed(v, e.At)
	case call.Moderated:
		s.moderated(v, e.At)

	case call.DeviceOpened:
		notices{s}.works(v.Device.Source, e.At)
		s.Setup.opened(v.Device)
	case call.DeviceClosed:
		s.Setup.closed(v.Device)
	case call.TestChanged:
		s.Setup.testChanged(v, e.At)

	case call.StatsReported:
		s.Setup.Network.measured(v, e.At)
	case call.DataReceived:
		// The window does not show it.
	}
}

// hostStopped tells of the end of the room server by itself: in its room the
// banner does, or the farewell that follows.
func (s *State) serverStopped(v call.RoomServerStopped, at time.Time) {
	s.ServerRestarting = v.Restarting
	if v.Err != nil && !v.Restarting && !(s.InRoom() && s.Room.Hosting) {
		s.Notify(Notice{At: at, Kind: NoticeServerStopped, Err: v.Err})
	}
}

// reconnecting forgets what was true of the others while there was a connection:
// nobody is heard, and no network is good.
func (s *State) reconnecting(at time.Time) {
	for _, p := range s.People {
		p.hear(0, at)
		p.Quality = call.QualityUnknown
	}
}

func (s *State) joined(v call.Joined, at time.Time) {
	if s.Attempt.Link.Room == "" && s.Attempt.Link.URL == "" {
		s.Attempt.Link = v.Link
	}
	s.Attempt.Active, s.Attempt.Queued = false, false
	title := v.Title
	if title == "" {
		title = s.Attempt.Title
	}
	s.Attempt.Room, s.Attempt.Title = v.Room, title
	s.Screen = ScreenRoom
	s.Setup.Show(PageNone) // it was over another screen
	s.Room = Room{ID: v.Room, Title: title, Link: v.Link, JoinedAt: at, Hosting: v.Hosting}
	s.Room.follow(s.reached)
	s.People, s.Notices = nil, nil
	s.closePanel()
	s.Gestures.reset()
	s.enterChat(v.Room)
	s.replaceRoster(v.Self, v.Participants)
	if s.Attempt.Back != nil {
		s.Local = map[call.Source]Local{
			call.SourceCamera:     s.Switching.carried(call.SourceCamera),
			call.SourceMicrophone: s.Switching.carried(call.SourceMicrophone),
		}
		s.Attempt.Back = nil
	} else {
		s.Local = map[call.Source]Local{
			call.SourceCamera:     s.Attempt.begins(call.SourceCamera, s.Attempt.Camera),
			call.SourceMicrophone: s.Attempt.begins(call.SourceMicrophone, s.Attempt.Mic),
		}
	}
	for _, n := range s.Attempt.Failed {
		n.At = at
		s.Notify(n)
	}
	s.Attempt.Failed = nil
	s.Standing = call.Standing{}
	s.stand(v.Standing, at)
}

// stand takes over what the room's rules let us do. What they forbid is off,
// whatever was asked for: the engine has taken those wishes back.
func (s *State) stand(now call.Standing, at time.Time) {
	was := s.Standing
	s.Standing = now
	switch {
	case now.Listens():
		clear(s.Local)
	case now.MutedByHost():
		mic := s.Local[call.SourceMicrophone]
		s.Local[call.SourceMicrophone] = Local{Published: mic.Published, Muted: true}
	}
	s.replaceNotice(NoticeListening, now.Listens(), was.Listens(), at)
	s.replaceNotice(NoticeKeptMuted, now.MutedByHost(), was.MutedByHost(), at)
	if now.MutedByHost() {
		s.Withdraw(NoticeMutedByHost) // it came first, and we may not unmute ourselves
	}
}

// replaceNotice tells of a rule that holds now, and takes the word back when it
// does not any more.
func (s *State) replaceNotice(kind NoticeKind, now, was bool, at time.Time) {
	switch {
	case now && !was:
		s.Notify(Notice{At: at, Kind: kind})
	case !now:
		s.Withdraw(kind)
	}
}

// left ends the stay. The farewell is shown unless the user goes on somewhere
// else, or took the join back: then the engine has kept the lobby's preview.
func (s *State) left(v call.Left) {
	if v.Title == "" {
		v.Title = s.Room.Title
	}
	s.Screens.CloseShare()
	s.Setup.Show(PageNone)
	s.leaveChat()
	s.closePanel()
	s.Stage, s.Talk = s.Stage.after(), Talk{Held: s.Talk.Held && v.Reason == call.ReasonSwitched}
	s.Gestures.reset()
	if v.Reason == call.ReasonSwitched && s.Switch != nil {
		s.Switching.switched()
		return
	}
	s.Switch = nil
	s.Left = &v
	s.Room, s.Standing, s.People = Room{}, call.Standing{}, nil
	s.Local = map[call.Source]Local{}
	s.Trouble = map[call.Source]error{}
	delete(s.Opening, call.SourceScreen)
	s.Notices = stickyServerNotices(s.Notices)
	if s.Attempt.Active && s.Attempt.Queued {
		s.Attempt.Queued = false
		showLobby(s)
		return
	}
	// A failure that came first is no news to a user who has given up.
	gaveUp := v.Stayed == 0 && v.Reason == call.ReasonJoinFailed &&
		(s.Attempt.Cancelled || errors.Is(v.Err, call.ErrCancelled))
	s.Attempt.Active, s.Attempt.Cancelled = false, false
	switch {
	case v.Reason == call.ReasonSwitched, v.Reason == call.ReasonAppQuit:
	case v.Preview, gaveUp:
		showLobby(s)
	default:
		s.Screen = ScreenFarewell
	}
}

// showLobby shows the lobby after a stay. What was being opened is closed, or is opened
// anew; beside a farewell, the window closes it, in case the end had come first.
func showLobby(s *State) {
	s.Screen = ScreenLobby
	clear(s.Opening)
}

func stickyServerNotices(all []Notice) []Notice {
	var kept []Notice
	for _, n := range all {
		if n.Kind == NoticeServerStopped {
			kept = append(kept, n)
		}
	}
	return kept
}

func (s *State) participantJoined(p call.Participant, at time.Time) {
	old := s.person(p.Identity)
	switch {
	case !s.InRoom():
	case old == nil:
		person := newPerson(p, false)
		s.People = append(s.People, person)
		if s.Room.firstOutside(p, person.DisplayName()) {
			s.Notify(Notice{At: at, Kind: NoticeJoined, Name: person.DisplayName(), Outside: true})
		} else {
			notices{s}.joined(person.DisplayName(), at)
		}
		s.Chat.joined(person, at)
	case old.Self:
	case old.SID == p.SID:
		old.update(p)
	default: // the same user from another device takes the place over
		fresh := newPerson(p, false)
		*old = *fresh
	}
}

// follow lets the link of a room of this computer have the addresses at which it is
// reached now.
func (r *Room) follow(v call.RoomServerReached) {
	if r.Hosting && len(v.Hosts) > 0 {
		if reach.Lost(r.Link.Hosts, r.Router, v.Hosts, v.Router) {
			r.Outside = "" // the next one tells what the ways that are left are worth
		}
		r.Link.Hosts, r.Router = v.Hosts, v.Router
	}
}

// firstOutside notes the first who came from outside to a room of this computer.
func (r *Room) firstOutside(p call.Participant, name string) bool {
	if !p.Outside || !r.Hosting || r.Outside != "" {
		return false
	}
	r.Outside = name
	return true
}

func (s *State) participantLeft(v call.ParticipantLeft, at time.Time) {
	p := s.person(v.Participant.Identity)
	if p == nil || p.Self || (v.Participant.SID != "" && p.SID != v.Participant.SID) {
		return // somebody who was replaced already
	}
	s.Notify(Notice{At: at, Kind: NoticeGone, Name: p.DisplayName(), Reason: v.Reason})
	s.Chat.note(Line{Kind: LineGone, At: at, Name: p.DisplayName(), Reason: v.Reason, By: v.By, Text: v.Text})
	s.remove(p.ID)
	s.Screens.tidy()
}

// speak takes over who speaks now; everybody else is silent.
func (s *State) speak(speakers []call.SpeakerLevel, at time.Time) {
	levels := make(map[call.Identity]float32, len(speakers))
	for _, l := range speakers {
		levels[l.ID] = l.Level
	}
	for _, p := range s.People {
		p.hear(levels[p.ID], at)
	}
}

// trackChanged takes over a track that is announced, ours or somebody else's.
func (s *State) trackChanged(id call.Identity, t call.Track, local bool) {
	switch {
	case !local:
		s.setTrack(id, t)
	case s.InRoom():
		s.setLocal(t.Source, Local{Published: true, Muted: t.Muted})
		if t.Source == call.SourceScreen {
			s.Screens.CloseShare()
		}
	}
}

func (s *State) trackUnpublished(v call.TrackUnpublished) {
	if v.Local {
		if s.InRoom() {
			s.setLocal(v.Track.Source, Local{})
		}
		return
	}
	if p := s.person(v.ID); p != nil {
		delete(p.Tracks, v.Track.SID)
		delete(p.Slots, v.Track.SID)
	}
	s.Screens.tidy()
}

func (s *State) trackMuted(v call.TrackMuted, at time.Time) {
	v.Track.Muted = true
	if !v.Local || !v.ByHost {
		s.trackChanged(v.ID, v.Track, v.Local)
		return
	}
	if !s.InRoom() {
		return
	}
	s.Local[v.Track.Source] = Local{Published: true, Muted: true, ByHost: true} // whatever we wanted
	if !s.Standing.MutedByHost() {                                              // told already
		s.Notify(Notice{At: at, Kind: NoticeMutedByHost})
	}
}

func (s *State) deviceLost(v call.DeviceLost, at time.Time) {
	err := v.Err
	if err == nil {
		err = &call.DeviceError{Source: v.Device.Source, Device: v.Device.Name, Err: call.ErrDeviceLost}
	}
	if s.Screens.shareLost(v.Device, err) {
		return
	}
	s.trouble(Notice{At: at, Kind: NoticeDeviceLost, Device: v.Device, Err: err, Source: v.Device.Source})
}

// setLocal takes over what has become of a source of ours. A command that still
// wants something else stays pending.
func (s *State) setLocal(source call.Source, now Local) {
	was := s.Local[source]
	if was.Pending && was.Want != (now.Published && !now.Muted) {
		now.Pending, now.Want = true, was.Want
	}
	s.Local[source] = now
}

func (s *State) setTrack(id call.Identity, t call.Track) {
	if p := s.person(id); p != nil && !p.Self {
		p.Tracks[t.SID] = t
	}
}

// trouble records a device that is missing; the lobby shows it in the device's place.
func (s *State) trouble(n Notice) {
	switch {
	case s.Switching.Between():
		s.Attempt.Failed = append(s.Attempt.Failed, n)
		return
	case s.InRoom() && s.Setup.Try && n.Source == call.SourceCamera:
		s.Trouble[n.Source] = n.Err // the page says it, and the user decides whether to try again
		return
	case s.InRoom():
		notices{s}.trouble(n)
		return
	}
	s.Trouble[n.Source] = n.Err
	if s.Attempt.Active {
		s.Attempt.Failed = append(s.Attempt.Failed, n)
	}
}

// failed puts an error where it belongs: previews show theirs in place, other
// errors become notices.
func (s *State) failed(v call.CommandFailed, at time.Time) {
	if s.panelFailed(v.Command, v.Err) || s.Ruling.failed(v) {
		return
	}
	if v.Command == CommandHand {
		s.Hands.pending = false
	}
	if len(v.Results) > 1 && s.InRoom() { // nobody's went well, for several reasons
		s.Selection.moderated(operation(v.Command), v.Results, at)
		return
	}
	if v.Command == commandDevices && s.Setup.Page == PageDevices {
		s.Setup.ListErr = v.Err // they are listed all the time
		return
	}
	delete(s.Opening, v.Source)
	if l, ok := s.Local[v.Source]; ok {
		l.Pending = false
		s.Local[v.Source] = l
	}
	if s.Screens.shareFailed(v) || s.Switching.switchFailed(v, at) {
		return
	}
	n := Notice{At: at, Kind: NoticeFailed, Err: v.Err, Command: v.Command, Source: v.Source}
	switch v.Source {
	case call.SourceCamera, call.SourceMicrophone, call.SourceSpeaker:
		s.trouble(n)
	default:
		notices{s}.trouble(n)
	}
}

// Refuse records a command that the engine refused at once; no event follows.
func (s *State) Refuse(command string, source call.Source, err error, at time.Time) {
	s.failed(call.CommandFailed{Command: command, Source: source, Err: err}, at)
}
