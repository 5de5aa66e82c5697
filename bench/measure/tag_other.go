//go:build !(pthread && linux && (amd64 || arm64))

package measure

const WithPthread = false
