// # Why compare runs fixed commands
//
// A reader can type them without us. The native pair leaves each contender one
// primitive, since benchstat pools rows that differ only in a key that it ignores.
// Rejected: commands built from the rows of the file. They took twice the code, and
// each file had other tables.
package compare
