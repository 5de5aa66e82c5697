// # Why req/s begins after as many answers as connections
//
// The first requests of the closed loop are sent in one go. After the warm turn
// a request costs as much CPU time in that burst as later, so cpu-ns/op is of
// the whole loop. Even so, one client is the limit with 10 active connections
// or more, since what it sends has to wake the server. So Serve compares the
// server's CPU time, and leaves req/s out where the client was busy for three
// quarters of the time.
//
// # Why the server reads its own CPU clock
//
// Another process's threads can't be read as package host reads its own. So the
// server reads its clock around the closed loop, on its one CPU, where no other
// thread of it can run meanwhile.
package serve
