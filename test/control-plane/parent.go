package main

import (
	"io"
	"os"
)

// dieWithParent ends this server as soon as whoever started it is gone, killed or not: a server left over from a test
// would keep half a gigabyte. The pipe on standard input closes with the last process that holds its other end. An
// abrupt end is safe, since etcd's data are in the kernel's hands with each write.
func dieWithParent() {
	killWithParent()
	if info, err := os.Stdin.Stat(); err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return // A terminal, a file or /dev/null says nothing about a parent.
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
}
