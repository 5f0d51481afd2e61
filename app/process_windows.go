package app

import "golang.org/x/sys/windows"

const stillActive = 259 // STILL_ACTIVE, the exit code of a process that runs

func processRuns(pid int) bool {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return false
	}
	defer windows.CloseHandle(h) //nolint:errcheck // nothing to do about it
	var code uint32
	return windows.GetExitCodeProcess(h, &code) == nil && code == stillActive
}
