package cause

import (
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/assay-lab/assay/vmtest/object/internal/known"
	"github.com/assay-lab/assay/vmtest/object/internal/load"
	"github.com/assay-lab/assay/vmtest/object/internal/parse"
)

// What goes wrong before the program itself is given to the kernel.

// also are the names that people have for types of maps.
var also = map[string]string{
	"ringbuf": "ring buffer", "user_ringbuf": "ring buffer from user space", "array_of_maps": "map in map", "hash_of_maps": "map in map",
	"percpu_hash": "per-CPU hash", "percpu_array": "per-CPU array", "lpm_trie": "longest prefix match", "cgrp_storage": "cgroup storage",
	"perf_event_array": "perf buffer", "prog_array": "tail calls", "xskmap": "AF_XDP sockets",
}

func (t *teller) mapFault(f *load.Fault) Cause {
	name := "map " + f.Subject
	if f.Kind == load.KindUnset {
		return notAttempted("%s: the object leaves it to its own loader; say it with --map %s:max_entries=1024, or value_size=, key_size=", oneLine(f.Message), f.Subject)
	}
	for _, l := range f.Lacks {
		switch l.What {
		case load.LackMemory:
			return notAttempted("%s wants more memory than the machine has: %s", name, oneLine(f.Message))
		case load.LackGlobalData:
			return rejected("%s: %s", name, t.since("global data", "5.2"))
		case load.LackMapType:
			what := "type " + l.Name
			if a := also[l.Name]; a != "" {
				what += " (" + a + ")"
			}
			return rejected("%s: %s", name, t.since(what, known.MapTypeSince(l.Name)))
		case load.LackMapFlag:
			return rejected("%s: %s", name, t.flag(l.Name, known.FlagSince(l.Name), "maps of its type"))
		case load.LackMapTypes:
			return rejected("%s: its values cannot be of type %s here: %s", name, l.Name, oneLine(f.Message))
		}
	}
	if f.Kind == load.KindUnknown {
		return notAttempted("%s: the loader does not understand it: %s", name, oneLine(f.Message))
	}
	if spec := t.object.Spec.Maps[f.Subject]; spec != nil && f.Errno == "E2BIG" {
		return rejected("%s is too large for this kernel: %d entries of %d bytes", name, spec.MaxEntries, spec.ValueSize)
	}
	return rejected("%s is refused with %s: %s", name, f.Errno, oneLine(f.Message))
}

const noTypes = "this kernel has no type information (BTF)"

func (t *teller) coreFault(f *load.Fault) Cause {
	switch f.Kind {
	case load.KindNoTypes:
		return rejected("it depends on the kernel's types (CO-RE: %s), and %s; give it with --btf", f.Subject, noTypes)
	case load.KindIncompatible:
		return rejected("CO-RE relocation of %s: %s", f.Subject, oneLine(f.Message))
	}
	return notAttempted("CO-RE: %s", oneLine(f.Message))
}

func (t *teller) externFault(f *load.Fault) Cause {
	extern := parse.Extern(t.object.Ksyms, f.Subject)
	_, function := extern.(*btf.Func)
	what, since, where := "variable "+f.Subject+" of the kernel", "", "among this kernel's types"
	v, _ := extern.(*btf.Var)
	switch {
	case function:
		what, since, where = "kernel function (kfunc) "+f.Subject, known.FunctionSince(f.Subject), "in this kernel"
	case extern == nil:
		what, where = "setting "+f.Subject, "in this kernel's configuration"
	case v != nil && isVoid(v.Type):
		what, where = "symbol "+f.Subject, "in this kernel"
	}
	switch f.Kind {
	case load.KindAbsent:
		if module := known.FunctionModule(f.Subject); function && module != "" && !t.kernel.before(versionOf(since)) {
			return rejected("%s is in module %s, which is not loaded; give it with --module %s", what, module, module)
		}
		if function && since != "" {
			return rejected("%s", t.since(what, since))
		}
		return rejected("%s is not %s", what, where)
	case load.KindNoTypes:
		if function {
			return rejected("%s; %s", t.since(what, since), noTypes)
		}
		return rejected("%s cannot be found: %s", what, noTypes)
	case load.KindIncompatible:
		return rejected("%s is another one in this kernel: %s", what, oneLine(f.Message))
	}
	if len(f.Lacks) > 0 {
		return t.mapFault(f)
	}
	return notAttempted("%s: %s", what, oneLine(f.Message))
}

func (t *teller) targetFault(f *load.Fault) Cause {
	for _, l := range f.Lacks {
		if l.What == load.LackProgType {
			return rejected("%s", t.since("program type "+l.Name, known.ProgramTypeSince(l.Name)))
		}
	}
	switch f.Kind {
	case load.KindAbsent:
		hint := ""
		if strings.HasPrefix(f.Subject, "function ") && !strings.Contains(f.Subject, " of program ") {
			hint = "; if a module has it, --module NAME loads that first"
		}
		return notAttempted("%s, which it attaches to, is not in this kernel%s", f.Subject, hint)
	case load.KindNoTypes:
		return rejected("%s, which it attaches to, cannot be found: %s", f.Subject, noTypes)
	case load.KindNoProgram:
		return notAttempted("it takes the place of function %s of another program; name one with --against OBJECT:PROGRAM", f.Subject)
	case load.KindUnset:
		return notAttempted("%s", oneLine(f.Message))
	}
	return notAttempted("%s: %s", f.Subject, oneLine(f.Message))
}

func isVoid(t btf.Type) bool {
	_, ok := btf.UnderlyingType(t).(*btf.Void)
	return ok
}
