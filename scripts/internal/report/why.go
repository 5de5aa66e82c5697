// # Why the report computes nothing
//
// Its figures, factors and sentences come from package table, its verdicts from
// package claims. A test compares every figure of its tables with benchstat's output
// for the same file. Page and Markdown are two forms of one content.
//
// The page's policy (default-src 'none', its script and style sheet by their
// hashes) lets nothing else in, whatever a results file holds. The same file
// gives the same bytes, so CI can tell when the pictures in the documents are
// out of date.
package report
