// Command agent is what runs as PID 1 inside a lab VM: it makes the mounts, loads
// the kernel's modules, and then does what the host asks for on the control port.
//
// It also stands in for /sbin/modprobe, so that the kernel's request_module()
// works as it does on a distribution.
//
// It imports the standard library, x/sys and the wire package only, and of the
// standard library as little as will do: every basic block it runs in a restored
// machine is translated anew, and every page it touches is copied.
package main

import (
	"os"
	"strings"
)

// stage2 marks the second start of PID 1, out of the real root.
const stage2 = "assay-stage-2"

func main() {
	switch {
	case strings.HasSuffix(os.Args[0], "modprobe"):
		os.Exit(modprobe(os.Args[1:]))
	case os.Getpid() != 1:
		println("the lab's agent runs as PID 1 of a VM, nowhere else")
		os.Exit(2)
	case len(os.Args) > 1 && os.Args[1] == stage2:
		supervise()
	default:
		die("switch root", switchRoot())
	}
}
