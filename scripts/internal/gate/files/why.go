// # Why a file that was cut is found out
//
// A test cuts a file at every byte. The gate answers with an error or a remark,
// or nothing of the file is missing. A row that can't be read is an error that
// names the line, since the gate would pass the others in silence.
package files
