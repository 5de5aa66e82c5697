package gate

import "strings"

// below is the pattern for what a benchmark function runs by b.Run. It is the
// alternative of -bench that matches the function, without the function's
// element. If several alternatives match it is "", which matches all; selected
// filters later.
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

// selected tells whether -bench and -skip, read as go test reads them, select a
// benchmark that has no benchmarks below it. name is its full name.
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
