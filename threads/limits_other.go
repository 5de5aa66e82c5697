//go:build !linux

package threads

// systemLimits knows none: no portable call tells them.
func systemLimits(Need) ([]Limit, error) { return nil, nil }
