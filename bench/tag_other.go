//go:build !(pthread && linux && (amd64 || arm64))

package bench

const withPthread = false
