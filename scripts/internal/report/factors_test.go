package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"html"
	"strconv"
	"strings"
	"testing"

	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
	"threadbench/scripts/internal/table"
)

// TestFactors: a row's factor and its interval have the same digits in every form:
// the table's text, JSON and CSV, the page and the Markdown. A test of package
// claims checks the ledger's digits.
func TestFactors(t *testing.T) {
	f, err := results.ReadFile("../../../results/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	reckoned, r := table.New(f), New([]*results.File{f})
	var text, js, flat, md bytes.Buffer
	for _, err := range []error{reckoned.Text(&text), reckoned.JSON(&js), reckoned.CSV(&flat), r.Markdown(&md, "")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var document struct {
		Rows []struct {
			Name                          string
			Factor, FactorLow, FactorHigh *float64
		}
	}
	if err := json.Unmarshal(js.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	said := func(form, name string, factor, low, high float64) {
		t.Helper()
		e := summary.Factor(f, f.Row(name))
		if got, want := prose.Times(factor)+" "+prose.TimesInterval(low, high), prose.Times(e.Center)+" "+e.Within(); got != want {
			t.Errorf("%s: %s in %s, %s by package summary", name, got, form, want)
		}
	}
	inJSON, inCSV := 0, 0
	for _, row := range document.Rows {
		if row.Factor != nil && row.FactorLow != nil {
			inJSON++
			said("JSON", row.Name, *row.Factor, *row.FactorLow, *row.FactorHigh)
		}
	}
	lines, err := csv.NewReader(&flat).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	for _, l := range lines[1:] {
		if l[column["factorLow"]] == "" {
			continue
		}
		inCSV++
		var v [3]float64
		for i, key := range []string{"factor", "factorLow", "factorHigh"} {
			if v[i], err = strconv.ParseFloat(l[column[key]], 64); err != nil {
				t.Fatal(err)
			}
		}
		said("CSV", l[column["name"]], v[0], v[1], v[2])
	}

	// The forms for readers are searched from top to bottom, since families and
	// their rows stand in the table's order.
	inText, inMarkdown := strings.Split(text.String(), "\n"), strings.Split(md.String(), "\n")
	_, page, _ := strings.Cut(rendered(t, f), `<section id="tables"`)
	found := 0
	next := func(in []string, of ...string) []string {
		for i, line := range in {
			at := 0
			for _, word := range of {
				j := strings.Index(line[at:], word)
				if j < 0 {
					at = -1
					break
				}
				at += j + len(word)
			}
			if at >= 0 {
				found++
				return in[i+1:]
			}
		}
		t.Errorf("%q doesn't follow", of)
		return in
	}
	inPage := strings.Split(html.UnescapeString(page), "\n")
	factors := 0
	for _, family := range families(reckoned) {
		for _, row := range reckoned.Family(family).Rows {
			if row.Factor == nil {
				continue
			}
			factors++
			e := summary.Factor(f, f.Row(row.Name.String()))
			shown, within := e.Text(), e.Within()
			inText = next(inText, "  "+row.Contender, " "+shown+" ", within)
			inPage = next(inPage, row.Contender, ">"+shown+"<", ">"+within+"<")
			inMarkdown = next(inMarkdown, "| "+escape(row.Contender), "| "+escape(shown)+" |", escape(within))
		}
	}
	if factors < 100 || found != 3*factors || inJSON != factors || inCSV != factors {
		t.Errorf("%d factors: %d found for readers, %d in JSON, %d in CSV", factors, found, inJSON, inCSV)
	}
}

// families are the families of a table, in its order.
func families(t *table.Table) []string {
	var all []string
	for _, s := range t.Sections {
		if len(all) == 0 || all[len(all)-1] != s.Family {
			all = append(all, s.Family)
		}
	}
	return all
}
