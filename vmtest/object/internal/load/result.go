// Package load gives the programs of a BPF object to the running kernel, each on its
// own, and finds out as much as it can about why one is refused. It runs inside a
// VM, as root. What it finds are facts; what they mean to a person is for package
// cause to say.
package load

// A Request says what is to be loaded. The bytes of the object follow it.
type Request struct {
	Size     int      `json:"size"`
	Programs []string `json:"programs"`
	// Types are the program types of programs whose section does not say,
	// by program or section.
	Types map[string]string `json:"types,omitempty"`
	// Maps are what the object leaves to its own loader, by the map's name.
	Maps map[string]MapSize `json:"maps,omitempty"`
	// Types file of the kernel, if it has none of its own.
	BTF string `json:"btf,omitempty"`
	// Modules are files of kernel modules to insert first, in their order.
	Modules []string `json:"modules,omitempty"`
	// Against is the program that others replace or trace, in an object
	// whose bytes, AgainstSize of them, follow those of the object.
	Against     string `json:"against,omitempty"`
	AgainstSize int    `json:"against_size,omitempty"`
	// Whole asks for the whole story, also of programs that are accepted.
	Whole bool `json:"whole,omitempty"`
}

// A MapSize overrides what an object says about a map; 0 leaves it.
type MapSize struct {
	KeySize    uint32 `json:"key_size,omitempty"`
	ValueSize  uint32 `json:"value_size,omitempty"`
	MaxEntries uint32 `json:"max_entries,omitempty"`
}

// A Line is what is written, one JSON object a line: that a program is begun, and
// what came of it.
type Line struct {
	Begin  string  `json:"begin,omitempty"`
	Result *Result `json:"result,omitempty"`
	// Error is what keeps all programs from being tried.
	Error string `json:"error,omitempty"`
}

// A Stage is how far a program came.
type Stage string

// Stages, in their order.
const (
	// StageObject: the object itself leaves something open.
	StageObject Stage = "object"
	// StageMap: a map that the program refers to is created.
	StageMap Stage = "map"
	// StageCORE: relocations against the kernel's types.
	StageCORE Stage = "core"
	// StageExtern: settings, variables and functions of the kernel.
	StageExtern Stage = "extern"
	// StageTarget: what the program is to be attached to.
	StageTarget Stage = "target"
	// StageBTF: the program's own types are given to the kernel.
	StageBTF Stage = "btf"
	// StageLoad: the program itself is.
	StageLoad Stage = "load"
)

// A Result is what came of a program.
type Result struct {
	Program  string `json:"program"`
	Accepted bool   `json:"accepted,omitempty"`
	// Faults are what kept it from being accepted, most telling first; what
	// can be found out before it is loaded is all there.
	Faults []Fault `json:"faults,omitempty"`
	// Log is the verifier's, as much as is of use; of an accepted program the
	// last lines only, unless the whole story was asked for.
	Log string `json:"log,omitempty"`

	Instructions int     `json:"instructions"` // as given to the kernel
	Figures      Figures `json:"figures"`
	Relocations  []Relo  `json:"relocations,omitempty"`
	Maps         []Map   `json:"maps,omitempty"`
	// Absent are the helpers that a refused program calls and that the kernel
	// does not know, reached or not.
	Absent []string `json:"absent,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	Micros int64    `json:"micros"` // how long it all took
}

// A Fault is what kept a program from being accepted.
type Fault struct {
	Stage Stage `json:"stage"`
	// Kind tells what of several things the stage found.
	Kind Kind `json:"kind,omitempty"`
	// Subject is what the stage was about: the map, the extern, the target.
	Subject string `json:"subject,omitempty"`
	// Errno is the kernel's answer, "EINVAL"; empty if it was not asked.
	Errno string `json:"errno,omitempty"`
	// Message is the error as the loader saw it.
	Message string `json:"message"`
	// Lacks is what the kernel was seen to refuse when tried alone.
	Lacks []Lack `json:"lacks,omitempty"`
}

// A Kind is what of several things was found.
type Kind string

// Kinds.
const (
	KindAbsent       Kind = "absent"       // it is not in this kernel
	KindNoTypes      Kind = "no types"     // the kernel has no type information
	KindIncompatible Kind = "incompatible" // it is, but is another than expected
	KindUnset        Kind = "unset"        // the object leaves it to its loader
	KindUnknown      Kind = "unknown"      // it is not understood here
	KindNoProgram    Kind = "no program"   // there is no program to attach to
	KindBroken       Kind = "broken"       // the loader itself went wrong
)

// A Lack is something that the kernel refuses also when it is tried alone.
type Lack struct {
	What string `json:"what"` // one of the Lack constants
	Name string `json:"name"` // as the kernel names it
	// Known tells that the kernel's types have the name all the same: it was
	// built without, or has it for others.
	Known bool `json:"known,omitempty"`
}

// What a Lack can be of.
const (
	LackMapType    = "map type"
	LackMapFlag    = "map flag"
	LackMapTypes   = "map value type" // its value cannot be as its types say
	LackGlobalData = "global data"
	LackProgType   = "program type"
	LackProgFlag   = "program flag"
	LackAttachType = "attach type"
	LackHelper     = "helper"
	LackSize       = "program size" // more instructions than it takes at most
	LackMemory     = "memory"
)

// Figures are what the kernel counted; absent is not 0.
type Figures struct {
	Translated     *int64  `json:"translated,omitempty"` // instructions
	Jited          *int64  `json:"jited,omitempty"`      // bytes
	Processed      *int64  `json:"processed,omitempty"`
	Limit          *int64  `json:"limit,omitempty"` // of Processed
	PeakStates     *int64  `json:"peak_states,omitempty"`
	TotalStates    *int64  `json:"total_states,omitempty"`
	VerificationUS *int64  `json:"verification_us,omitempty"`
	Stack          []int64 `json:"stack,omitempty"` // bytes, by function
}

// A Relo is a relocation against the kernel's types.
type Relo struct {
	Instruction int    `json:"instruction"`
	Kind        string `json:"kind"`
	Name        string `json:"name"` // struct task_struct.pid
	Result      string `json:"result"`
	// Missing tells what of Name the kernel's types do not have, for one
	// that found nothing.
	Missing string `json:"missing,omitempty"`
}

// Failed tells that the relocation found nothing to relocate to.
func (r *Relo) Failed() bool { return r.Missing != "" }

// A Map is one that a program refers to.
type Map struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	KeySize    uint32 `json:"key_size"`
	ValueSize  uint32 `json:"value_size"`
	MaxEntries uint32 `json:"max_entries"`
	Flags      uint32 `json:"flags,omitempty"`
	Error      string `json:"error,omitempty"`
}
