package kbuild

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// A tool is something the build takes from the host.
type tool struct {
	what    string // as the message calls it
	debian  string // package
	fedora  string
	present func(context.Context) bool
	needed  func(config) bool // nil for always
}

// hostTools are checked before anything is built. Those that are needed only by
// some configurations are checked once the configuration is known.
var hostTools = []tool{
	{what: "make", debian: "make", fedora: "make", present: program("make")},
	{what: "gcc", debian: "gcc", fedora: "gcc", present: program("gcc")},
	{what: "ld", debian: "binutils", fedora: "binutils", present: program("ld")},
	{what: "flex", debian: "flex", fedora: "flex", present: program("flex")},
	{what: "bison", debian: "bison", fedora: "bison", present: program("bison")},
	{what: "bc", debian: "bc", fedora: "bc", present: program("bc")},
	{what: "perl", debian: "perl", fedora: "perl", present: program("perl")},
	{what: "libelf", debian: "libelf-dev", fedora: "elfutils-libelf-devel", present: header("libelf.h"), needed: anyOf("CONFIG_OBJTOOL", "CONFIG_STACK_VALIDATION", "CONFIG_UNWINDER_ORC")},
	{what: "libssl", debian: "libssl-dev", fedora: "openssl-devel", present: header("openssl/opensslv.h"), needed: anyOf("CONFIG_SYSTEM_TRUSTED_KEYRING", "CONFIG_MODULE_SIG")},
	{what: "pahole", debian: "dwarves", fedora: "dwarves", present: program("pahole"), needed: anyOf("CONFIG_DEBUG_INFO_BTF")},
	{what: "xz", debian: "xz-utils", fedora: "xz", present: program("xz"), needed: anyOf("CONFIG_KERNEL_XZ", "CONFIG_MODULE_COMPRESS_XZ")},
	{what: "zstd", debian: "zstd", fedora: "zstd", present: program("zstd"), needed: anyOf("CONFIG_KERNEL_ZSTD", "CONFIG_MODULE_COMPRESS_ZSTD")},
	{what: "lz4", debian: "lz4", fedora: "lz4", present: program("lz4"), needed: anyOf("CONFIG_KERNEL_LZ4")},
}

func program(name string) func(context.Context) bool {
	return func(context.Context) bool {
		_, err := exec.LookPath(name)
		return err == nil
	}
}

// header asks the compiler whether it finds a header file.
func header(name string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		c := exec.CommandContext(ctx, "gcc", "-E", "-x", "c", "-o", os.DevNull, "-")
		c.Stdin = strings.NewReader("#include <" + name + ">\n")
		return c.Run() == nil
	}
}

func anyOf(symbols ...string) func(config) bool {
	return func(c config) bool {
		for _, sym := range symbols {
			if c[sym] == "y" {
				return true
			}
		}
		return false
	}
}

// A ToolsError tells what a build needs that the host does not have.
type ToolsError struct {
	Missing []string
	Install string // the command that would install them
}

func (e *ToolsError) Error() string {
	return fmt.Sprintf("building a kernel takes %s, which this host lacks\nrun: %s", strings.Join(e.Missing, ", "), e.Install)
}

// ExitCode is the exit status of a command that fails for it: the lab could
// not run.
func (e *ToolsError) ExitCode() int { return 3 }

// checkTools fails with *ToolsError if the host lacks what a build needs: with
// a nil configuration, every build; else, a build of that configuration.
func checkTools(ctx context.Context, tools []tool, c config) error {
	var missing, packages []string
	fedora := isFedora("/etc/os-release")
	for _, t := range tools {
		if (t.needed == nil) != (c == nil) || t.needed != nil && !t.needed(c) || t.present(ctx) {
			continue
		}
		missing = append(missing, t.what)
		if fedora {
			packages = append(packages, t.fedora)
		} else {
			packages = append(packages, t.debian)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	install := "sudo apt-get install "
	if fedora {
		install = "sudo dnf install "
	}
	return &ToolsError{missing, install + strings.Join(packages, " ")}
}

var fedoraPattern = regexp.MustCompile(`(?m)^ID(_LIKE)?=.*\b(fedora|rhel)\b`)

// isFedora tells whether packages are installed by dnf (os-release(5)).
func isFedora(osRelease string) bool {
	b, err := os.ReadFile(osRelease)
	return err == nil && fedoraPattern.Match(b)
}
