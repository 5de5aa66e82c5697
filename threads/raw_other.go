//go:build !(linux && (amd64 || arm64))

package threads

import (
	"fmt"
	"time"

	"threadbench/goroutines"
)

func unsupported() error { return fmt.Errorf("making a raw thread: %w", ErrUnsupported) }

func (e *StartError) remedy() string { return ErrUnsupported.Error() }

// A Driver can't be made here.
type Driver struct{}

// NewPair returns ErrUnsupported here.
func NewPair(op Op) (*Driver, error) { return nil, unsupported() }

// NewFloor returns ErrUnsupported here.
func NewFloor(op Op) (*Driver, error) { return nil, unsupported() }

// NewCreator returns ErrUnsupported here.
func NewCreator(batch int) (*Driver, error) { return nil, unsupported() }

// NewStampedPair returns ErrUnsupported here.
func NewStampedPair(op Op, trips int) (*Driver, error) { return nil, unsupported() }

// NewStampedCreator returns ErrUnsupported here.
func NewStampedCreator(n int) (*Driver, error) { return nil, unsupported() }

// NewStamper returns ErrUnsupported here.
func NewStamper(n int) (*Driver, error) { return nil, unsupported() }

// NewGrower returns ErrUnsupported here.
func NewGrower(depth int) (*Driver, error) { return nil, unsupported() }

// Stamps returns none here.
func (d *Driver) Stamps() (driver, other []int64) { return nil, nil }

// Pin returns ErrUnsupported here.
func (d *Driver) Pin(driver, peer int) error { return unsupported() }

// Hold does nothing here.
func (d *Driver) Hold() {}

// Run returns ErrUnsupported here.
func (d *Driver) Run(n, warm int) (Timing, error) { return Timing{}, unsupported() }

// Close returns ErrUnsupported here.
func (d *Driver) Close() error { return unsupported() }

// A Pool can't be made here.
type Pool struct{}

// NewPool returns ErrUnsupported here.
func NewPool(workers, items int) (*Pool, error) { return nil, unsupported() }

// Run returns ErrUnsupported here.
func (c *Pool) Run(list []goroutines.Item) (time.Duration, []goroutines.Record, error) {
	return 0, nil, unsupported()
}

// TIDs is empty here.
func (c *Pool) TIDs() []int { return nil }

// Close returns ErrUnsupported here.
func (c *Pool) Close() error { return unsupported() }

// A Pipeline can't be made here.
type Pipeline struct{}

// NewPipeline returns ErrUnsupported here.
func NewPipeline(stages, slots, steps int) (*Pipeline, error) { return nil, unsupported() }

// SetSteps does nothing here.
func (p *Pipeline) SetSteps(n int) {}

// Flow returns zeroes here.
func (p *Pipeline) Flow() (items int, sum uint64, each []int) { return 0, 0, nil }

// Run returns ErrUnsupported here.
func (p *Pipeline) Run(n, warm int) (Timing, error) { return Timing{}, unsupported() }

// Hold does nothing here.
func (p *Pipeline) Hold() {}

// TIDs is empty here.
func (p *Pipeline) TIDs() []int { return nil }

// Close returns ErrUnsupported here.
func (p *Pipeline) Close() error { return unsupported() }

// A Set can't be made here.
type Set struct{}

// NewSet returns ErrUnsupported here.
func NewSet(stack, depth int) (*Set, error) { return nil, unsupported() }

// NewWorkers returns ErrUnsupported here.
func NewWorkers(stack, steps int) (*Set, error) { return nil, unsupported() }

// NewWaiters returns ErrUnsupported here.
func NewWaiters(fds []int) (*Set, error) { return nil, unsupported() }

// NewSyncers returns ErrUnsupported here.
func NewSyncers(fds, files []int) (*Set, error) { return nil, unsupported() }

// NewHogs returns ErrUnsupported here.
func NewHogs() (*Set, error) { return nil, unsupported() }

// NewReader returns ErrUnsupported here.
func NewReader(fd, n int) (*Driver, error) { return nil, unsupported() }

// NewSleeper returns ErrUnsupported here.
func NewSleeper(at []int64) (*Driver, error) { return nil, unsupported() }

// NewPacer returns ErrUnsupported here.
func NewPacer(at []int64, fd int) (*Driver, error) { return nil, unsupported() }

// WaitTurns does nothing here.
func (h *Set) WaitTurns(n int) {}

// Ends returns none here.
func (h *Set) Ends() []End { return nil }

// NewEchoers returns ErrUnsupported here.
func NewEchoers(stack int, fds []int) (*Set, error) { return nil, unsupported() }

// Echoed returns ErrUnsupported here.
func (h *Set) Echoed() (bytes int64, err error) { return 0, unsupported() }

// Make returns ErrUnsupported here.
func (h *Set) Make(n int) error { return unsupported() }

// Wait does nothing here.
func (h *Set) Wait() {}

// Turns does nothing here.
func (h *Set) Turns(each func()) {}

// Worked is 0 here.
func (h *Set) Worked() int { return 0 }

// Release does nothing here.
func (h *Set) Release() {}

// Join does nothing here.
func (h *Set) Join() {}

// TIDs is empty here.
func (h *Set) TIDs() []int { return nil }

// LeastStack is the depth here.
func LeastStack(depth int) int { return depth }

// DefaultStack is 0 here.
func DefaultStack() int { return 0 }

// Alive is 0, 0 here.
func Alive() (raw, mappings int) { return 0, 0 }

// Supported says whether this platform has raw threads.
const Supported = false

// MapsPerThread is 0 here.
const MapsPerThread = 0
