// Package armtest has what tests of the packages below bench share: a test that
// runs in a process of its own, an arm that is measured once, and trees of
// files that look like other machines.
//
// It imports only lockstep, so that each of those packages can use it.
package armtest
