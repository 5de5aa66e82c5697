// Package disturbance tells what else a machine did while a round was measured:
// CPU time that a hypervisor took, a CPU quota, the load. Of ours it imports
// threads/cgroup.
//
// Its stance: what changes from round to round is no configuration. It stands
// in a comment of the round, and no figure is corrected by it.
package disturbance
