package study

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"threadbench/scripts/internal/chart"
)

// The marks in a page. What stands between them is made, all else is written by
// hand.
const (
	beginMark = "<!-- made by threadbench study; to be made again, not edited -->"
	endMark   = "<!-- the end of what study makes -->"
)

// longest is how many lines a page may have.
const longest = 80

// A drawing is the charts of a study's picture.
type drawing struct {
	about  string
	width  float64
	charts []chart.Drawing // one below the other
}

// analyse makes the study's table and picture of the files in one folder, and
// writes its page and the picture into another. The sentences of the page come
// from the first folder.
func (s study) analyse(from, to string) error {
	var table bytes.Buffer
	picture, err := s.make(&table, from)
	if err != nil {
		return err
	}
	page, err := s.page(filepath.Join(from, "README.md"), table.String())
	if err != nil {
		return err
	}
	var svg bytes.Buffer
	sheet := chart.Sheet{Title: s.title, About: picture.about, Columns: 1, Width: picture.width, Mark: beginMark, Charts: picture.charts}
	if err := sheet.Write(&svg); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("making the folder of a page: %w; choose another place with -o", err)
	}
	for name, text := range map[string][]byte{"README.md": []byte(page), s.picture(): svg.Bytes()} {
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			return fmt.Errorf("writing %s: %w; choose another place with -o", name, err)
		}
	}
	return nil
}

// picture is the name of the study's picture.
func (s study) picture() string { return s.name + ".svg" }

// page is the page at path with the table between its marks. A page that isn't
// there begins with its title, and has the command that made it.
func (s study) page(path, table string) (string, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = fmt.Appendf(nil, "# %s\n\n%s\n%s\n\n    go run ./scripts/study %s\n\nmeasures it in about %s.\n", s.title, beginMark, endMark, s.name, s.takes)
	case err != nil:
		return "", fmt.Errorf("reading the page: %w", err)
	}
	before, rest, begun := strings.Cut(string(text), beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if !begun || !ended {
		return "", fmt.Errorf("%s has no line %q, or no line %q after it; put both where the table shall stand", path, beginMark, endMark)
	}
	page := before + beginMark + "\n\n" + table + "\n" + endMark + after
	if n := strings.Count(page, "\n"); n > longest {
		return "", fmt.Errorf("%s would have %d lines, and a study's page has at most %d; shorten the sentences around its table", path, n, longest)
	}
	return page, nil
}
