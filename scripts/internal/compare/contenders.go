package compare

import (
	"fmt"
	"slices"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/results"
)

// apart are the keys that may keep an arm from the goroutine's: a primitive, a
// stack or a place that goroutines don't have.
var apart = []string{"via", "stack", "place"}

// contenders are the tables of one file, goroutine against thread, and what is
// to be said after them. benchstat compares the columns of one row, so each
// table takes the rows that stand beside a goroutine's, once the key that tells
// the two sides apart is ignored.
func contenders(f *results.File) (tables []benchstat, after string, err error) {
	if !slices.ContainsFunc(f.Rows, isGoroutine) {
		return nil, "", fmt.Errorf("%s: no row of impl=goroutine to compare with; run again with a -bench that leaves it in", f.Name)
	}
	shown := map[*results.Row]bool{}
	add := func(about, ignore string, rows []*results.Row, filter []string) {
		if !slices.ContainsFunc(rows, isGoroutine) || !slices.ContainsFunc(rows, func(r *results.Row) bool { return !isGoroutine(r) }) {
			return
		}
		for _, r := range rows {
			shown[r] = true
		}
		var args []string
		if len(tables) > 0 {
			args = append(args, "-table", "") // the first has shown the configuration
		}
		args = append(args, "-col", columns(rows))
		if ignore != "" {
			args = append(args, "-ignore", "/"+ignore)
		}
		args = append(args, "-filter", strings.Join(append(filter, match(".unit", units(rows))), " "), operand(f.Name))
		tables = append(tables, benchstat{about, args})
	}
	// native pairs the goroutines' value of a key, "" for none, with one that
	// only threads have.
	native := func(about, key, own, other string) {
		rows := keep(f.Rows, func(r *results.Row) bool { return r.Name.Get(key) == own || r.Name.Get(key) == other })
		filter := []string{match("/"+key, []string{own, other})}
		if pooled(rows, key) {
			rows = keep(rows, func(r *results.Row) bool { return isGoroutine(r) == (r.Name.Get(key) == own) })
			filter = []string{fmt.Sprintf("((/impl:goroutine %s) OR (-/impl:goroutine %s))", match("/"+key, []string{own}), match("/"+key, []string{other}))}
		}
		if own == "" { // which whole families match
			theirs := families(keep(rows, func(r *results.Row) bool { return r.Name.Get(key) == other }))
			rows = keep(rows, func(r *results.Row) bool { return slices.Contains(theirs, r.Name.Family) })
			filter = append(filter, match(".name", theirs))
		}
		rows, more := paired(rows, key)
		add(about, key, rows, append(filter, more...))
	}

	rows, filter := paired(f.Rows, "")
	add("Arms that share a primitive:", "", rows, filter)
	if slices.Contains(values(f.Rows, "via"), "futex") {
		native("Each through its native primitive, goroutines through a channel and threads through a futex:", "via", "channel", "futex")
	}
	for _, stack := range orphans(f.Rows, "stack") {
		native(fmt.Sprintf("Threads with stack=%s against goroutines:", stack), "stack", "", stack)
	}
	if len(tables) == 0 {
		return nil, "", fmt.Errorf("%s: no thread's row that could stand beside a goroutine's; run again with a -bench that leaves both in", f.Name)
	}
	for _, r := range f.Rows {
		if !shown[r] {
			after += "\n  " + r.FullName
		}
	}
	if after != "" {
		after = "In none of these tables, for want of a goroutine's row to stand beside:" + after + "\n"
	}
	return tables, after, nil
}

// orphans are the values of a key that threads have and no goroutine does.
func orphans(rows []*results.Row, key string) []string {
	ours := values(keep(rows, isGoroutine), key)
	return slices.DeleteFunc(values(rows, key), func(v string) bool { return v == "" || slices.Contains(ours, v) })
}

// paired are the rows without orphans, but for those of the key let pass, and
// the filter that makes benchstat take the same.
func paired(rows []*results.Row, pass string) (pairs []*results.Row, filter []string) {
	pairs = rows
	for _, key := range apart {
		if alone := orphans(rows, key); key != pass && len(alone) > 0 {
			pairs = keep(pairs, func(r *results.Row) bool { return !slices.Contains(alone, r.Name.Get(key)) })
			filter = append(filter, "-"+match("/"+key, alone))
		}
	}
	return pairs, filter
}

func isGoroutine(r *results.Row) bool { return r.Name.Get("impl") == "goroutine" }

func keep(rows []*results.Row, want func(*results.Row) bool) []*results.Row {
	var kept []*results.Row
	for _, r := range rows {
		if want(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// values are a name key's values, each once, in the rows' order.
func values(rows []*results.Row, key string) []string {
	var vs []string
	for _, r := range rows {
		if v := r.Name.Get(key); !slices.Contains(vs, v) {
			vs = append(vs, v)
		}
	}
	return vs
}

func families(rows []*results.Row) []string {
	var names []string
	for _, r := range rows {
		if !slices.Contains(names, r.Name.Family) {
			names = append(names, r.Name.Family)
		}
	}
	return names
}

// units are the units of the rows' primary figures: the others are evidence,
// or factors, which benchstat makes itself.
func units(rows []*results.Row) []string {
	var us []string
	for _, r := range rows {
		_, parts := r.Primary()
		for _, u := range parts {
			if !slices.Contains(us, u) {
				us = append(us, u)
			}
		}
	}
	return us
}

// pooled reports whether rows fall together, silently, once a key is ignored.
func pooled(rows []*results.Row, key string) bool {
	seen := map[string]bool{}
	for _, r := range rows {
		name := r.Name.With(key, "").String()
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

// columns is the projection that makes the goroutine benchstat's base, the
// first column that it sees: /impl where its row comes first, else an order.
func columns(rows []*results.Row) string {
	if isGoroutine(rows[0]) {
		return "/impl"
	}
	impls := values(rows, "impl")
	var order []string
	for _, c := range catalog.Contenders {
		if slices.Contains(impls, c) {
			order = append(order, word(c))
		}
	}
	for _, v := range impls {
		if !slices.Contains(catalog.Contenders, v) {
			order = append(order, word(v))
		}
	}
	return "/impl@(" + strings.Join(order, " ") + ")"
}
