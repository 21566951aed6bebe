package report

import (
	"sync"
	"time"

	"github.com/assay-lab/assay/vmtest"
)

// Schema names the form of a report; see the package's documentation.
const Schema = "assay.certification/v1"

// A Report is what came of cases on kernels. Its methods are safe for concurrent
// use; its fields are not, and are for a report that has come to its end.
type Report struct {
	// Schema is the constant of that name.
	Schema string `json:"schema"`
	Tool   Tool   `json:"tool"`
	// Started is when the run began.
	Started time.Time `json:"started"`
	// Seconds is how long it took on the clock.
	Seconds float64 `json:"seconds"`
	Host    Host    `json:"host"`
	// Shard is the part of the matrix this is, "2/5"; empty for all of it.
	Shard string `json:"shard,omitempty"`
	// Kernels are the columns.
	Kernels []Kernel `json:"kernels"`
	Cells   []Cell   `json:"cells"`

	mu    sync.Mutex
	place map[Key]int // of a cell in Cells
}

// A Tool is what wrote a report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// A Host is the machine that the virtual machines ran on.
type Host struct {
	OS     string `json:"os,omitempty"`     // "Debian GNU/Linux 13 (trixie)"
	Kernel string `json:"kernel,omitempty"` // uname -r
	CPU    string `json:"cpu,omitempty"`    // the model's name
	CPUs   int    `json:"cpus,omitempty"`
	QEMU   string `json:"qemu,omitempty"`  // its version
	Accel  string `json:"accel,omitempty"` // "kvm" or "tcg"
}

// A Status tells whether a kernel was run.
type Status string

// Statuses.
const (
	StatusRun    Status = "run"
	StatusNotRun Status = "not-run"
)

// A Kernel is a column of the matrix.
type Kernel struct {
	// Name is what was asked for; cells refer to it.
	Name    string `json:"name"`
	Series  string `json:"series,omitempty"`
	Release string `json:"release,omitempty"` // uname -r
	Version string `json:"version,omitempty"` // of its package
	Source  string `json:"source,omitempty"`  // "debian", "oci", "local" or "build"
	// Digest is the SHA-256, in hex, over the kernel's file and its modules.
	Digest string `json:"digest,omitempty"`
	// SHA256 is that of the kernel's file alone, in hex.
	SHA256 string `json:"sha256,omitempty"`
	// Accel is what its machines ran on: "kvm" or "tcg".
	Accel  string `json:"accel,omitempty"`
	Status Status `json:"status"`
	// Reason is why it was not run.
	Reason string `json:"reason,omitempty"`
	// Required makes it the lab's failure if the kernel, or any of its cells,
	// was not run.
	Required bool `json:"required,omitempty"`
}

// A Key tells a cell from all others of a report.
type Key struct{ Target, Case, Kernel string }

// String returns "CASE on KERNEL", after "TARGET/" if there is a target.
func (k Key) String() string { return title(k.Target, k.Case) + " on " + k.Kernel }

func title(target, name string) string {
	if target == "" {
		return name
	}
	return target + "/" + name
}

// A Load is what became of loading a BPF program.
type Load string

// Loads.
const (
	Accepted     Load = "accepted"
	Rejected     Load = "rejected"
	NotAttempted Load = "not attempted"
)

// A Cell is what came of a case on a kernel.
type Cell struct {
	Target  string         `json:"target"`
	Case    string         `json:"case"`
	Kernel  string         `json:"kernel"` // the name of one of the report's kernels
	Release string         `json:"release"`
	Verdict vmtest.Verdict `json:"verdict"`
	// Reason is the cause in one line; empty for a pass.
	Reason string `json:"reason"`
	// Seconds is the time from asking for the machine to its end.
	Seconds float64 `json:"seconds"`
	// CPUSeconds is what it cost the host.
	CPUSeconds float64  `json:"cpu_seconds,omitempty"`
	Shape      string   `json:"shape,omitempty"` // the name of the machine's
	Subject    *Subject `json:"subject,omitempty"`
	// Load is what the verifier said of a program; empty for what is none.
	Load    Load     `json:"load,omitempty"`
	Figures *Figures `json:"figures,omitempty"`

	Stdout    string `json:"stdout,omitempty"`
	Stderr    string `json:"stderr,omitempty"`
	KernelLog string `json:"kernel_log,omitempty"`
	Console   string `json:"console,omitempty"`
	Stacks    string `json:"stacks,omitempty"`
	// Excused are the kernel's messages that the catalogue allows.
	Excused []string `json:"excused,omitempty"`
	// Bundle is the path of the bundle that repeats the cell.
	Bundle string `json:"bundle,omitempty"`
}

// Key returns what tells the cell from all others.
func (c *Cell) Key() Key { return Key{c.Target, c.Case, c.Kernel} }

// A Subject is a file under test.
type Subject struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // in hex
}

// Figures are what a kernel's verifier counted of a program. nil is not known,
// which is not 0.
type Figures struct {
	// Instructions of the program after the kernel's rewriting.
	Instructions *int64 `json:"instructions,omitempty"`
	// Processed is how many instructions the verifier walked through.
	Processed *int64 `json:"processed,omitempty"`
	// PeakStates and TotalStates are the states it kept at most, and made.
	PeakStates  *int64 `json:"peak_states,omitempty"`
	TotalStates *int64 `json:"total_states,omitempty"`
	// StackDepth in bytes, the frames of the deepest call together.
	StackDepth *int64 `json:"stack_depth,omitempty"`
	// VerificationUS is the time the verifier took, in microseconds.
	VerificationUS *int64 `json:"verification_us,omitempty"`
	// JitedBytes is the size of the machine code.
	JitedBytes *int64 `json:"jited_bytes,omitempty"`
}
