//go:build amd64 || arm64

package goroutines

//lint:file-ignore U1000 The assembly uses these.

// chunk does n steps, at least one.
func chunk(x uint64, n int) uint64

// steps are the steps themselves, for assembly to call: x and n are in AX and
// CX (R0 and R1 on arm64), what they come to in AX (R0). It keeps every other
// register but DX and R8 (R2 and R3), and needs no stack: raw threads call it.
func steps()
