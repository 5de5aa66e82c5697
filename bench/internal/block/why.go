// # Why the bystander and its alone phases share a process
//
// What moves the machine moves neighbouring phases alike, so their ratio needs
// only one clock. The bystander itself wakes the tasks, once in a fixed number
// of chunks. Alone it makes the same system calls with nobody to read. A phase
// ends when what was sent is read. Rejected: a pacer outside, whose own
// lateness on the one CPU would have been part of the share.
//
// With tasks in a system call, a stall of sysmon's lasts 15 ms and comes once
// in 13 to 40 ms of work. So a phase there is 128 ms long, and the share is of
// all phases: a median of three would leave out a stall in one of them.
//
// # Why each phase begins with a pause
//
// What making the tasks leaves behind is not what waiting tasks cost. A fresh
// socket is an event in the poller, since it can be written to, and 1,000 of
// them are eight polls full. Counting the goroutines that wait stops the world,
// which leaves sysmon looking every 20 us. Sleeping and starting do the same.
//
// A bystander beside 1,000 goroutines that wait for sockets had 0.87 of its
// speed with phases that began at once. With a sleep and 30 ms of work off the
// clock before each phase it has 0.99. Of the drain only the CPU time counts:
// tasks that still wait for their disk hold nobody up.
package block
