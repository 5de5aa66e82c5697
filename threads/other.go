//go:build !linux

package threads

import (
	"errors"
	"fmt"

	"threadbench/goroutines"
)

var errNotLinux = errors.New("needs Linux")

// Pin is refused here.
func Pin(cpu int) error {
	return fmt.Errorf("pinning a locked thread to CPU %d: %w", cpu, errNotLinux)
}

// NewFutexLink is refused here.
func NewFutexLink() (goroutines.Link, error) {
	return nil, fmt.Errorf("linking two locked goroutines by a futex: %w", errNotLinux)
}

// NewPipeLink is refused here.
func NewPipeLink() (goroutines.Link, error) {
	return nil, fmt.Errorf("linking two locked goroutines by blocking pipes: %w", errNotLinux)
}

// systemLimits returns none: no portable call reports them.
func systemLimits(Need) ([]Limit, error) { return nil, nil }
