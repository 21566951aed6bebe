// Package modbuild builds kernel modules for kernels that this machine does not run.
//
//	img, err := store.Get(ctx, "7.2", kernels.GetOptions{})
//	built, err := modbuild.Build(ctx, store, img, modbuild.Dir("./mymodule"), modbuild.Options{})
//
// A source is any directory that kbuild understands (Documentation/kbuild/modules.rst).
// The kernel's headers come from its packages, and so do the compiler that it was
// built with and all tools, of its own release of Debian: nothing is installed, no
// root is needed, and the host's compiler does not matter. The build runs in a root
// directory of its own (package sandbox); where the host does not allow that, the
// host's tools are used if they will do.
//
// A module comes out with type information (BTF) that fits the kernel, with the ids of
// its kfuncs resolved, also where the headers lack what kbuild needs for it
// (Linux 6.1 in Debian); without debugging symbols; and it is looked at again before
// it is handed out. Whether the kernel would take a module of any origin, Check tells.
//
// # What is kept
//
// Builds are kept below "modules" of the kernel store, by the digest of all that went
// in: source, headers, tools, variables. They appear whole or not at all. Any number
// of processes may build at once; those that want the same wait for the first.
package modbuild
