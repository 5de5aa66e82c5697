// # Why there is a control
//
// Base stands against base in each round, in the same turns as head. Nothing is
// wrong with head if base differs from itself, so such a run is invalid. The
// control has another layout, and it is the binary that the next round's base
// is. Rejected: a control in rounds of its own, which says nothing of the
// rounds that count.
//
// # Why each round has a layout of its own
//
// Where a linker happens to put code moves a figure by more than most changes
// do. With one binary a side, the difference between two layouts would be taken
// for one between two versions, however many rounds there are. So the linker
// draws the order of functions anew (-randlayout), the same for base and head,
// and aligns them where it can (-funcalign=64). Standard deviations of
// head/base over ten layouts, four rounds each:
//
//	benchmark                            not aligned   aligned   one round, aligned
//	flate, EncodeDigitsSpeed1e4          2.2%          0.8%      1.1%
//	go-toml, Unmarshal/HugoFrontMatter   2.2%          1.9%      1.8%
//	x/text, AppendNoChangeNFC            0.8%          0.6%      0.9%
//	xxhash, Sum64/100B                   0.8%          0.8%      0.7%
//
// So rounds of one layout still have something in common, and a layout serves
// one round. Nothing is linked while a benchmark is measured. The sources are
// looked at again before each link: a head that is edited meanwhile would be
// another build in each round. Debug information is left out (-w): it is a
// third of the link, and moves no code. There is no -trimpath, which would
// compile the standard library anew. Rejected: one binary a side.
//
// # Why what has not changed is not measured
//
// A package passes if its test binary's sources, modules, toolchain and
// environment are the same on both sides. Packages are chosen by go list and by
// the source before anything is built. So a package without benchmarks that
// doesn't build costs nothing, and a benchmark that the source has and no
// process ran is missed by name.
//
// # How base's checkout differs from head
//
// It differs in what the commits differ in, and in its folder. Hooks don't run,
// and files of the same blob have the working tree's bytes whatever filters
// say. The environment loses GIT_*, by which a git hook would send every git
// command to the wrong repository. -setup makes what git ignores and the build
// needs.
//
// # Why an injected slowdown does more ops than it counts
//
// It does so on the arm's own clock, and scales the evidence alike. With 1% a
// slice has 100 ops or more, and so have base's. Slices that were a third
// longer on one side read 0.5 to 1.7% slower in 50 rounds without any slowdown:
// how often a slice meets a timer's tick moves the median. A worker says that
// it is injected, and the gate refuses one that was told to and doesn't, since
// an older head would measure at full speed.
package gate
