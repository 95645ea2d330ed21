package main

import "golang.org/x/sys/unix"

// killWithParent asks the kernel for SIGKILL at the parent's death, in case a process that it left behind holds the
// pipe open.
func killWithParent() {
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}
