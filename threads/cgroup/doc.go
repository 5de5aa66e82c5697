// Package cgroup finds the control groups that hold this process back.
//
// A limit of a parent binds its children, so what counts is every group from
// the process's own up to the root. [Paths] gives their directories, whether
// the controller stands in a version 1 hierarchy, in version 2 or in a hybrid
// of both; [Read] and [CPUs] read what a directory says:
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
// A container sees no further up than the root of its own mount: a limit on
// a group above it stays unseen. Systems other than Linux have no control
// groups, and there the package is empty.
package cgroup
