//go:build !(linux && (amd64 || arm64))

package threads

import "fmt"

func unsupported() error { return fmt.Errorf("making a raw thread: %w", ErrUnsupported) }

func (e *StartError) remedy() string { return ErrUnsupported.Error() }

// A Driver can't be had here.
type Driver struct{}

// NewPair answers ErrUnsupported here.
func NewPair(op Op) (*Driver, error) { return nil, unsupported() }

// NewFloor answers ErrUnsupported here.
func NewFloor(op Op) (*Driver, error) { return nil, unsupported() }

// NewCreator answers ErrUnsupported here.
func NewCreator(batch int) (*Driver, error) { return nil, unsupported() }

// NewStampedPair answers ErrUnsupported here.
func NewStampedPair(op Op, trips int) (*Driver, error) { return nil, unsupported() }

// NewStampedCreator answers ErrUnsupported here.
func NewStampedCreator(n int) (*Driver, error) { return nil, unsupported() }

// NewStamper answers ErrUnsupported here.
func NewStamper(n int) (*Driver, error) { return nil, unsupported() }

// NewGrower answers ErrUnsupported here.
func NewGrower(depth int) (*Driver, error) { return nil, unsupported() }

// Stamps are none here.
func (d *Driver) Stamps() (driver, other []int64) { return nil, nil }

// Pin answers ErrUnsupported here.
func (d *Driver) Pin(driver, peer int) error { return unsupported() }

// Run answers ErrUnsupported here.
func (d *Driver) Run(n, warm int) (Timing, error) { return Timing{}, unsupported() }

// Close answers ErrUnsupported here.
func (d *Driver) Close() error { return unsupported() }

// A Herd can't be had here.
type Herd struct{}

// NewHerd answers ErrUnsupported here.
func NewHerd(stack, depth int) (*Herd, error) { return nil, unsupported() }

// NewReaders answers ErrUnsupported here.
func NewReaders(stack, fd int) (*Herd, error) { return nil, unsupported() }

// NewWaiters answers ErrUnsupported here.
func NewWaiters(fds []int) (*Herd, error) { return nil, unsupported() }

// NewSyncers answers ErrUnsupported here.
func NewSyncers(fds, files []int) (*Herd, error) { return nil, unsupported() }

// NewHogs answers ErrUnsupported here.
func NewHogs() (*Herd, error) { return nil, unsupported() }

// NewReader answers ErrUnsupported here.
func NewReader(fd, n int) (*Driver, error) { return nil, unsupported() }

// NewSleeper answers ErrUnsupported here.
func NewSleeper(at []int64) (*Driver, error) { return nil, unsupported() }

// NewPacer answers ErrUnsupported here.
func NewPacer(at []int64, fd int) (*Driver, error) { return nil, unsupported() }

// WaitTurns does nothing here.
func (h *Herd) WaitTurns(n int) {}

// Ends are none here.
func (h *Herd) Ends() []End { return nil }

// Make answers ErrUnsupported here.
func (h *Herd) Make(n int) error { return unsupported() }

// Wait does nothing here.
func (h *Herd) Wait() {}

// Release does nothing here.
func (h *Herd) Release() {}

// Join does nothing here.
func (h *Herd) Join() {}

// TIDs is empty here.
func (h *Herd) TIDs() []int { return nil }

// LeastStack is the depth here.
func LeastStack(depth int) int { return depth }

// DefaultStack is 0 here.
func DefaultStack() int { return 0 }

// Alive is 0, 0 here.
func Alive() (raw, mappings int) { return 0, 0 }

// Supported tells whether there are raw threads here.
const Supported = false

// MapsPerThread is 0 here.
const MapsPerThread = 0
