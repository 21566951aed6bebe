package vmtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// guestRoles are what this test binary does inside a VM.
var guestRoles = map[string]func(args []string) int{
	"true": func([]string) int { return 0 },
	"exit": func(args []string) int { return atoi(args[0]) },
	"echo": func(args []string) int {
		fmt.Println(strings.Join(args, " "))
		fmt.Fprintln(os.Stderr, "and on stderr")
		return 0
	},
	"env": func(args []string) int {
		for _, a := range args {
			fmt.Printf("%s=%s\n", a, os.Getenv(a))
		}
		wd, _ := os.Getwd()
		fmt.Println(wd)
		return 0
	},
	"cat": func([]string) int {
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			return 1
		}
		return 0
	},
	"kill-self": func(args []string) int {
		_ = syscall.Kill(os.Getpid(), syscall.Signal(atoi(args[0])))
		time.Sleep(time.Minute)
		return 0
	},
	"trap": func([]string) int {
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		fmt.Println("ready")
		fmt.Println("got", <-c)
		return 7
	},
	"hang": func([]string) int {
		fmt.Println("before")
		select {} // the deadlock detector is off: TestMain's signal handling keeps a thread
	},
	"sleep": func([]string) int { time.Sleep(time.Hour); return 0 },
	"flood": func(args []string) int {
		line := bytes.Repeat([]byte("0123456789abcde\n"), 64)
		for left := atoi(args[0]) << 20; left > 0; left -= len(line) {
			if _, err := os.Stdout.Write(line); err != nil {
				return 1
			}
		}
		return 0
	},
	"sysrq": func(args []string) int {
		if err := os.WriteFile("/proc/sysrq-trigger", []byte(args[0]), 0); err != nil {
			fmt.Println(err)
			return 1
		}
		time.Sleep(time.Minute)
		return 0
	},
	"kmsg": func(args []string) int {
		if err := os.WriteFile("/dev/kmsg", []byte(strings.Join(args, " ")), 0); err != nil {
			return 1
		}
		return 0
	},
	"fork-bomb": func([]string) int {
		for {
			_ = exec.Command("/proc/self/exe", "fork-bomb").Start() // refused, at last
		}
	},
	"eat-memory": func([]string) int {
		var kept [][]byte
		for {
			kept = append(kept, bytes.Repeat([]byte{1}, 1<<20))
			_ = kept
		}
	},
	"orphan": func([]string) int { // leaves a process behind that holds stdout open
		c := exec.Command("/proc/self/exe", "sleep")
		c.Stdout = os.Stdout
		if err := c.Start(); err != nil {
			return 1
		}
		fmt.Println("left one")
		return 0
	},
	"power-off": func([]string) int {
		_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
		return 0
	},
	"kill-init": func([]string) int { // a bug of the agent's, as the host would see it
		f, err := os.OpenFile("/proc/1/mem", os.O_WRONLY, 0)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		maps, _ := os.ReadFile("/proc/1/maps")
		start, _, _ := strings.Cut(string(maps), "-")
		addr, _ := strconv.ParseInt(start, 16, 64)
		_, err = f.WriteAt(bytes.Repeat([]byte{0xcc}, 1<<20), addr)
		fmt.Println(err)
		time.Sleep(time.Second) // for the agent to run into it
		return 0
	},
	"random": func([]string) int {
		b, _ := os.ReadFile("/proc/sys/kernel/random/uuid")
		fmt.Printf("%s%d\n", b, time.Now().UnixNano())
		return 0
	},
	"read-file": func(args []string) int {
		b, err := os.ReadFile(args[0])
		_, _ = os.Stdout.Write(b)
		return status(err)
	},
	"write-file": func(args []string) int { return status(os.WriteFile(args[0], []byte(args[1]), 0o644)) },
	"change-files": func(args []string) int { // in a directory; and a file elsewhere
		dir := args[0]
		return status(errors.Join(
			os.WriteFile(dir+"/golden", []byte("new"), 0o644), os.Remove(dir+"/gone"), os.Mkdir(dir+"/sub", 0o755),
			os.WriteFile(dir+"/sub/written", []byte("by the guest"), 0o600), os.WriteFile(args[1], []byte("profile"), 0o644)))
	},
	"dial": func(args []string) int {
		c, err := net.DialTimeout("tcp", args[0], 10*time.Second)
		if err == nil {
			_, err = io.Copy(os.Stdout, c)
		}
		return status(err)
	},
	"size": func([]string) int { // the terminal's, which stty would print
		out := make([]byte, 0)
		var ws [4]uint16
		_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, 0, syscall.TIOCGWINSZ, uintptrOf(&ws))
		out = fmt.Appendf(out, "%d %d\n", ws[0], ws[1])
		_, _ = os.Stdout.Write(out)
		return 0
	},
}

// status says an error, if there is one, and is that of a command.
func status(err error) int {
	if err == nil {
		return 0
	}
	fmt.Println(err)
	return 1
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func runGuestRole(args []string) int {
	if len(args) == 0 || guestRoles[args[0]] == nil {
		fmt.Fprintf(os.Stderr, "no such role: %q\n", args)
		return 125
	}
	return guestRoles[args[0]](args[1:])
}

func uintptrOf(ws *[4]uint16) uintptr { return uintptr(unsafe.Pointer(ws)) }
