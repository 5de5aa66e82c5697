// Package report shows results files to people: as one HTML page, or as Markdown
// with pictures.
//
// Its stance: it computes nothing. Figures, intervals, factors and sentences come
// from package table, verdicts from package claims. This package puts them in order
// and draws them. Page and Markdown are two forms of one Report. The same files give
// the same bytes. html/template escapes a file's text, and package prose does so for
// Markdown. The page's content security policy lets it load nothing, and run only
// its own script.
//
// Of our packages it also imports the catalog of names, units and families, and
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

// A Report holds everything to show of one or more results files.
type Report struct {
	sources []source        // side by side; with many files, one source that stands for all
	summary *claims.Summary // nil for a single file
	many    *many           // nil where files stand side by side
}

// A source is a file with its table and its ledger.
type source struct {
	label  string // tells the file from the others
	file   *results.File
	table  *table.Table
	ledger claims.Ledger
	rows   map[string]*table.Row // the file's rows, by name
}

// New computes the tables and ledgers of at least one file.
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

// several reports whether more than one file stands side by side.
func (r *Report) several() bool { return len(r.sources) > 1 }

// rows are the names of a family's rows in all files, in the tables' order.
func (r *Report) rows(family string) []catalog.Name {
	var names []catalog.Name
	for _, s := range r.sources[0].table.Sections { // the tables are aligned: all have the same sections
		for _, row := range s.Rows {
			if row.Name.Family == family {
				names = append(names, row.Name)
			}
		}
	}
	return names
}

// families are the families of the files' rows. Known families come first, in the
// order of every table.
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

// labelled are the files' labels. A single file has its own name. Several files are
// told apart by a few keys of the configuration, then by file name and day.
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
	for i, f := range files { // none of these keys tells this file apart
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

// differing are the keys of the configuration whose values differ between files, in
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
