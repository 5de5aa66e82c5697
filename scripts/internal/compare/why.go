// # Why compare runs fixed commands
//
// A reader can type them without us. The native pair leaves each contender one
// primitive, since benchstat pools what differs only in a key that it ignores.
// Rejected: commands put together from the rows of the file, which took twice
// the code and gave each file other tables.
package compare
