package gate

import "strings"

// below is the pattern for what a benchmark function runs by b.Run: what
// alternative of -bench matches the function, without the function's element.
// It is "", which matches all, where several do: selected leaves out the rest.
func below(bench, function string) string {
	p, err := parsePattern("-bench", bench)
	if err != nil {
		return "" // it was parsed before
	}
	found := ""
	for i, elements := range splitPattern(bench) {
		if ok, partial := p[i : i+1].match(function); ok {
			if !partial || found != "" {
				return ""
			}
			found = strings.Join(elements[1:], "/")
		}
	}
	return found
}

// selected tells whether -bench and -skip, as go test has them, select the full
// name of a benchmark that has none below it.
func selected(bench, skip, name string) bool {
	matches := func(flag, text string) bool {
		p, err := parsePattern(flag, text)
		if err != nil {
			return false
		}
		parts := strings.Split(name, "/")
	alternatives:
		for _, elements := range p {
			if len(elements) > len(parts) {
				continue
			}
			for i, e := range elements {
				if !e.MatchString(parts[i]) {
					continue alternatives
				}
			}
			return true
		}
		return false
	}
	return matches("-bench", bench) && (skip == "" || !matches("-skip", skip))
}
