// # Why the gate decides row by row, at looks
//
// It looks after the first rounds at which a row can be decided, and after each
// half as many again. A row that is decided takes no more rounds, and the
// budget goes to the others. Rejected: a number of rounds fixed for the whole
// run. It spent as much on a slowdown of 50% as on one of 2%, and left 97 of
// 100 unchanged runs of a minute inconclusive.
//
// Look k, from 0, may spend the share 1/((k+1)(k+2)) of the level. These shares
// sum to 1, so no last look has to be known beforehand. That is a union bound
// over the looks: Lan and DeMets' spending of 1983 without the correlation
// between looks.
//
// A regression is found by the least p over its share, after Holm over the
// rows. A row passes where its upper bound at the level of the look and of all
// rows is under the margin, so all passes hold at once. Absence of a regression
// is no pass. The least rounds for a verdict are taken beyond the budget, up to
// half of it, so that noise makes a run undecided and never an error.
package verdict
