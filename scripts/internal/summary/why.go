// # Why a factor's interval allows for the A/A
//
// A goroutine arm over itself is off 1 by more than chance in some files.
// Nobody knows the sign of that effect in another pair, so it can't be
// corrected for. The interval, and the tests with it, move out by the far end
// of the A/A's own interval. Phillips, Eberhardt and Parry (1997) add the size
// of such an effect likewise.
//
// A simulation, which is a test, rejected three others. The hull of the two
// intervals, and the A/A's estimate instead of its far end, cover in less than
// 90%. Both half widths in quadrature are an eighth narrower and cover at 95%,
// but let the ledger err about twice as often as it says.
//
// # Why two states are printed as two
//
// Rounds that lie in two groups have no center. The estimate between them never
// occurred, and more rounds don't change that. The rule is a gap wider than the
// ranges of both groups, which one state shows in at most 2% of simulated rows.
package summary
