package threads

import "golang.org/x/sys/windows"

// TID is the thread that the caller runs on (GetCurrentThreadId).
func TID() int { return int(windows.GetCurrentThreadId()) }
