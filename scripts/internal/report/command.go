package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/results"
)

const usage = `Usage: go run ./scripts/report [-format html|markdown|text] [-o OUT] FILE...

Makes of results files what people look at: one HTML page that needs nothing
but itself, or Markdown with SVG pictures beside it. Two or three files, such as
two machines' or two versions', stand side by side. A report of more is of what
their machines have in common: on how many of them each statement holds, and of
each row the median over machines, the least and the greatest.

Without -o the report is written beside the first file, as .html or .md. "-o -"
writes the page, or the Markdown without its pictures, to standard output. A
file that report didn't make is never replaced.

-format text prints one file's full table, the ledger of statements, and the
summary, as run -v does.

Examples:
  go run ./scripts/report results/reference.txt
  go run ./scripts/report -format text results/reference.txt
  go run ./scripts/report -o /tmp/both.html here.txt there.txt
  go run ./scripts/report -o /tmp/fleet.html machines/*.txt
  go run ./scripts/report -format markdown -o results/reference.md results/reference.txt

Exit status: 0 when the report is written or printed; else 2.

`

// Run runs the report command. args leave out the command's name. It returns the
// exit status, 0 or 2.
func Run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	format := flags.String("format", "html", "`FORMAT` of the report: html, markdown or text")
	out := flags.String("o", "", "write to `FILE` (default beside the first results file)")
	err := commandline.Parse(flags, usage, args, stdout)
	if err == nil {
		err = run(flags.Args(), *format, *out, stdout, stderr)
	}
	return commandline.Exit("report", err, stderr)
}

func run(paths []string, format, out string, stdout, stderr io.Writer) error {
	if !slices.Contains([]string{"html", "markdown", "text"}, format) {
		return fmt.Errorf("-format %q is none; choose html, markdown or text", format)
	}
	if len(paths) == 0 {
		return errors.New("no file given; give one or more that \"go run ./scripts/run\" wrote, such as results/reference.txt")
	}
	var files []*results.File
	for _, path := range paths {
		f, err := results.ReadFile(path)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	if format == "text" {
		if len(files) > 1 {
			return fmt.Errorf("-format text is of one file, %d given; give them one by one", len(files))
		}
		if out != "" {
			return errors.New("-format text goes to standard output; leave out -o, and redirect it")
		}
		return Text(stdout, files[0], Everything)
	}
	r := New(files)
	if out == "" {
		out = Beside(files[0].Name, map[string]string{"html": ".html", "markdown": ".md"}[format])
	}
	if format == "markdown" {
		return r.writeMarkdown(out, stdout)
	}
	return r.writeHTML(out, stdout)
}

// Beside is the path of a results file's report: the same path with another ending.
func Beside(path, ending string) string {
	return strings.TrimSuffix(path, ".txt") + ending
}

// writeHTML writes the page to a path and prints the path. The path "-" means
// standard output.
func (r *Report) writeHTML(path string, stdout io.Writer) error {
	if path == "-" {
		return r.HTML(stdout)
	}
	if err := r.Save(path); err != nil {
		return err
	}
	_, err := fmt.Fprintln(stdout, path)
	return err
}

// Save writes the page to a path. It replaces an earlier report and no other file.
// Its errors name the path and the way out.
func (r *Report) Save(path string) error {
	var b bytes.Buffer
	if err := r.HTML(&b); err != nil {
		return err
	}
	return write(path, b.Bytes())
}

// writeMarkdown writes the Markdown to a path, and its pictures beside it.
func (r *Report) writeMarkdown(path string, stdout io.Writer) error {
	var b bytes.Buffer
	base := strings.TrimSuffix(filepath.Base(path), ".md")
	if path == "-" {
		if err := r.Markdown(&b, ""); err != nil {
			return err
		}
		_, err := stdout.Write(b.Bytes())
		return err
	}
	if err := r.Markdown(&b, base); err != nil {
		return err
	}
	texts, paths := [][]byte{b.Bytes()}, []string{path}
	pictures, err := r.Pictures()
	if err != nil {
		return err
	}
	for _, p := range pictures {
		texts = append(texts, p.SVG)
		paths = append(paths, filepath.Join(filepath.Dir(path), p.File(base)))
	}
	for _, p := range paths { // write all files or none
		if err := Free(p); err != nil {
			return err
		}
	}
	for i, p := range paths {
		if err := write(p, texts[i]); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(stdout, p); err != nil {
			return err
		}
	}
	return nil
}
