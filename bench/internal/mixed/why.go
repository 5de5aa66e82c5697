// # Why HTTP is written out, and TCP goes without package net
//
// A download is GET, a head and Content-Length bytes. Package net would link
// cgo. An os.File over a non-blocking socket is the same poll.FD as a net.Conn.
// Rejected: a second binary for it, as impl=pthread has, which would need the
// go command wherever a row is measured.
package mixed
