// # Why charts are laid out by hand and written by html/template
//
// html/template escapes names. A mark has a title, a class and focus, which
// gonum/plot's own SVG writer can't give it. Scales and ticks are
// go-moremath's, which x/perf brings anyway. Rejected: gonum.org/v1/plot
// v0.17.0. It brings nine modules (fonts, LaTeX, PDF) and 12 s of compiling in
// front of the first run, and its logarithmic ticks can't be thinned.
//
// One width serves phone and desk: pictures are 360 pixels wide and stand
// beside each other where there is room. Only the overview is drawn twice.
//
// # Why a mark is a graphics-symbol in a graphics-document
//
// role=img would hide from a screen reader, and from the keyboard's order, what
// is in it. In files, which an <img> shows whole, the picture is role=img. The
// exact figure appears by style sheet alone; the script sorts tables and makes
// each chart one stop of the Tab key.
//
// # Why distributions are drawn through the percentiles that are known
//
// A results file has five points of each, medians over rounds with intervals. A
// histogram a row would make it ten times as long. The axis is the share that
// took longer, on a logarithmic scale, since the tail is what differs. The
// slowest has no share, and a dashed line leads to it.
//
// # Why bars of bytes have linear axes
//
// There is one axis for each depth, though 2 KiB and 8 MiB are in one picture
// then: on a logarithmic axis the parts of a stack have no length. What is
// reserved is cut with an open end where it leaves the axis, and written out.
package chart
