package app

func runWindow(std io3, args []string) int { return exitFailed }
