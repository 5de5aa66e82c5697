// # Why CPU time is read from the clocks of threads
//
// The kernel's account of a process (getrusage, the process's CPU clock,
// schedstat) misses up to a tick of each thread that runs on another CPU.
// Reading the clock of each thread first brings the account up to date
// (cputime_linux.go). While a thread computed on another CPU, 40 readings of
// each of the three were behind in 32, 40 and 33 cases, by up to 4 ms. After
// reading the threads' clocks none was.
//
// # Why there is no prometheus/procfs
//
// It imports net, and net links cgo into the binary where a C compiler is
// installed. The runtime then makes its threads through pthread_create, and the
// locked arm measures something else. The few fields needed are parsed here, in
// threads and in threads/cgroup. The key cgo says what a binary is.
//
// # Why timer-ns is rounded to 1, 2 or 5 times a power of ten
//
// A measured value would make every file its own configuration, and benchstat
// would compare nothing.
package host
