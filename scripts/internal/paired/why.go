// # Why test, estimate and bounds count the same comparisons
//
// A p-value counts the Walsh averages, or the differences of two unpaired
// sides, beyond a shift. A bound is where that count turns, found by halving
// the floating-point numbers themselves. So "p below α" and "the bound leaves
// the shift out" never disagree, and 10,000 rounds need no 50 million averages
// in memory.
//
// Comparisons that equal the shift count for neither side, against the null
// distribution without ties. That is conservative for any ties. Rejected:
// mid-ranks with the distribution conditional on the ties. Their critical count
// depends on the shift, so no order statistic is their bound.
//
// Neither x/perf nor go-moremath has signed ranks or Hodges and Lehmann's
// estimate, so they are here.
package paired
