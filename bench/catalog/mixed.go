package catalog

// Mixed measures work that waits, and how much of the wait is hidden.
var Mixed = Family{
	Name:    "Mixed",
	Op:      "a download, writes with syncs, and a factorial for each CPU, all done",
	Primary: []string{"ns/op"},
	Beside:  []string{"longest-x", "busy-share", "alone-share", "threads", "download-ns", "disk-ns", "compute-ns"},
	Read: "A download, writes to a disk and factorials, each of some 60 ms alone, one after the other and all at once. " +
		"longest-x is the time of all over the longest alone: 1 where waiting costs nothing. " +
		"busy-share is the CPU time that the process got over the CPU time available, while others waited and there was work for every CPU. alone-share is the same where nobody waits. " +
		"It favours nobody: a locked goroutine's download waits through the poller as well, and a goroutine's sync blocks a thread as well.",
	Wordings: []Wording{
		{Impl: "goroutine", Mode: "serial",
			Says: "A download, writes to a disk and factorials take {x} as long one after the other as in {ref one} each",
			Same: "A download, writes to a disk and factorials, one after the other and in {ref one} each: no difference seen, {x} as long",
			Less: "faster"},
		{
			Says: "A download, writes to a disk and factorials take {x} as long in {one} each as in {ref one} each",
			Same: "A download, writes to a disk and factorials, in {one} each and in {ref one} each: no difference seen, {x} as long",
			Less: "faster"},
	},
}
