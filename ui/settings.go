package ui

import "foyer/ui/saved"

// Settings is what the window remembers from one start to the next.
type Settings = saved.Settings

// Recent is a room that was visited.
type Recent = saved.Recent

// Notifications says what the desktop may tell while the window is not in front.
type Notifications = saved.Notifications

// Store keeps the settings.
type Store = saved.Store
