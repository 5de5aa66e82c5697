// # Why a factor's interval allows for the A/A
//
// In some files a goroutine arm over itself is off 1 by more than chance. The sign
// of this effect in another pair is unknown, so nothing can correct for it. The
// factor's interval and tests therefore widen by the far end of the A/A's own
// interval. Phillips, Eberhardt and Parry (1997) also add the size of such an effect.
//
// A simulation (TestAllowance) rejected three other ways. The hull of the two
// intervals covers in less than 90%, and so does the A/A's estimate in place of its
// far end. Both half widths in quadrature are an eighth narrower and cover at 95%,
// but then the ledger errs about twice as often as it says.
//
// # Why two states are printed as two
//
// Rounds that lie in two groups have no center. The estimate between them never
// occurred, and more rounds don't change that. The rule is a gap wider than the
// ranges of both groups, which one state shows in at most 2% of simulated rows.
package summary
