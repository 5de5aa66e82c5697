// Package cgroup finds the control groups whose limits bind this process.
//
// A limit of a parent binds its children, so every group counts, from the
// process's own up to the root. [Paths] returns their directories, for a
// controller in a version 1 hierarchy, in version 2 or in a hybrid of both.
// [Read] and [CPUs] read the limits in a directory:
//
//	dirs, err := cgroup.Paths("pids")
//	for _, dir := range dirs {
//		limit, err := cgroup.Read(dir, "pids.max")
//		if limit == cgroup.Unlimited {
//			continue
//		}
//		used, err := cgroup.Read(dir, "pids.current")
//		...
//	}
//
// A container sees no further up than the root of its own mount, so a limit on
// a group above it stays unseen. Systems other than Linux have no control
// groups, and there the package is empty.
package cgroup
