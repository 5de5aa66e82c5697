//go:build !linux

package host

import "os"

// isInMemory tells whether the folder isn't there.
func isInMemory(dir string) bool {
	_, err := os.Stat(dir)
	return err != nil
}
