// # Why the file says what decides a row
//
// Its Unit lines have decides=Stack, or decides=Switch/mode=traced for one
// mode. The writer takes it from bench/catalog. The reader takes the file's
// word, so that no table, verdict or gate derives it anew. Files from before
// that have what the catalog says today.
//
// # Why a unit of which there is nothing to say has no Unit line
//
// benchfmt ignores a Unit line without a key=value.
package results
