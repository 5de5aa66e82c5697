// Package report makes what people look at of results files: one HTML page,
// or Markdown with pictures.
//
// Its stance: it computes nothing. Figures, intervals, factors and sentences
// are those of package table, verdicts those of package claims; here they are
// put in order and drawn. Page and Markdown are two forms of one Report, and each
// is the same bytes for the same files. Text of a file is escaped by
// html/template, or for Markdown by package prose, and the page says by its
// content security policy that it loads nothing and runs nothing but its own
// script.
//
// Of ours it also imports the catalog of names, units and families, and
// chart, commandline and results.
package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/claims"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/table"
)

// A Report is what there is to show of one or more results files.
type Report struct {
	sources []source        // side by side; of many files the one that stands for all
	summary *claims.Summary // of several files, else nil
	many    *many           // of more files than stand side by side, else nil
}

// A source is one of the files, reckoned up.
type source struct {
	label  string // what tells it from the others
	file   *results.File
	table  *table.Table
	ledger claims.Ledger
	rows   map[string]*table.Row // those that the file has, by name
}

// New reckons files up, at least one.
func New(files []*results.File) *Report {
	r := &Report{}
	labels := labelled(files)
	var tables []*table.Table
	var ledgers []claims.Ledger
	for i, f := range files {
		t := table.New(f)
		tables, ledgers = append(tables, t), append(ledgers, claims.New(f))
		r.sources = append(r.sources, source{labels[i], f, t, ledgers[i], map[string]*table.Row{}})
	}
	table.Align(tables)
	for i, t := range tables {
		for j := range t.Sections {
			for k := range t.Sections[j].Rows {
				if row := &t.Sections[j].Rows[k]; len(row.Stats) > 0 {
					r.sources[i].rows[row.Name.String()] = row
				}
			}
		}
	}
	if len(files) > 1 {
		r.summary = claims.Sum(files, ledgers)
	}
	if len(files) > beside {
		var one source
		one, r.many = gather(r.sources)
		r.sources = []source{one}
	}
	return r
}

// several tells whether files stand side by side.
func (r *Report) several() bool { return len(r.sources) > 1 }

// rows are the names of all files' rows of a family, in the tables' order.
func (r *Report) rows(family string) []catalog.Name {
	var names []catalog.Name
	for _, s := range r.sources[0].table.Sections { // aligned: all have the same
		for _, row := range s.Rows {
			if row.Name.Family == family {
				names = append(names, row.Name)
			}
		}
	}
	return names
}

// families are those of the files' rows, known ones first and in the order of
// every table.
func (r *Report) families() []string {
	var names []string
	for _, s := range r.sources[0].table.Sections {
		if !slices.Contains(names, s.Family) {
			names = append(names, s.Family)
		}
	}
	order := func(name string) int {
		i := slices.IndexFunc(catalog.Families, func(f catalog.Family) bool { return f.Name == name })
		if i < 0 {
			return len(catalog.Families)
		}
		return i
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(order(a), order(b)) })
	return names
}

// labelled are the files' names for a reader: one's own name if it is alone,
// else what tells each from the others, by as few of the configuration's keys
// as it takes.
func labelled(files []*results.File) []string {
	labels := make([]string, len(files))
	if len(files) == 1 {
		return []string{filepath.Base(files[0].Name)}
	}
	distinct := func() int {
		seen := map[string]bool{}
		for _, l := range labels {
			seen[l] = true
		}
		return len(seen)
	}
	add := func(of func(*results.File) string) {
		before, had := slices.Clone(labels), distinct()
		if had == len(files) {
			return
		}
		for i, f := range files {
			v := of(f)
			if v != "" && labels[i] != "" {
				v = ", " + v
			}
			labels[i] += v
		}
		if distinct() == had {
			labels = before
		}
	}
	add((*results.File).Host)
	for _, key := range append([]string{"go", "kernel", "cpu", "goarch", "cpus", "virt"}, differing(files)...) {
		add(func(f *results.File) string {
			if v := f.Get(key); v != "" && !slices.Contains([]string{"go", "cpu"}, key) {
				return key + " " + v
			}
			return f.Get(key)
		})
	}
	for i, f := range files { // one that says none of this
		if labels[i] == "" {
			labels[i] = filepath.Base(f.Name)
		}
	}
	add(func(f *results.File) string { return filepath.Base(f.Name) })
	add((*results.File).Day)
	if distinct() < len(files) {
		for i := range labels {
			labels[i] = strings.TrimPrefix(fmt.Sprintf("%s, file %d", labels[i], i+1), ", ")
		}
	}
	return labels
}

// differing are the keys of the configuration that not all files agree on, in
// the files' order.
func differing(files []*results.File) []string {
	var keys []string
	for _, f := range files {
		for _, s := range f.Config {
			other := slices.ContainsFunc(files, func(g *results.File) bool { return g.Get(s.Key) != s.Value })
			if other && !slices.Contains(keys, s.Key) {
				keys = append(keys, s.Key)
			}
		}
	}
	return keys
}
