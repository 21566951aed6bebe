// Package report keeps what came of a certification, every case on every kernel,
// and shows it: as a table on a terminal, JSON, JUnit XML, Markdown for a job
// summary, one HTML file, and an in-toto statement. It reads its JSON back, merges
// the reports of shards, and compares a report with an older one.
//
// # The JSON form
//
// A report is one JSON object, in UTF-8. The file report.schema.json in this
// package (JSONSchema in Go) describes it as a JSON Schema, draft 2020-12.
//
//	schema    "assay.certification/v1"
//	tool      what wrote it: name, version
//	started   when, as RFC 3339
//	seconds   how long the whole run took on the clock
//	host      where: os, kernel, cpu, cpus, qemu, accel ("kvm", "tcg")
//	shard     which part of the matrix this is, "2/5"; absent for a whole one
//	kernels   the columns of the matrix, oldest first; each an object:
//	  name      as it was asked for: "6.12", "6.12-rt", "./bzImage"
//	  series    the catalogue's series whose claims apply: "6.12"
//	  release   what uname -r prints there
//	  version   of the package it came from
//	  source    "debian", "oci", "local" or "build"
//	  digest    SHA-256 over the kernel's file and its modules: equal ones boot alike
//	  sha256    of the kernel's file alone, as sha256sum prints it
//	  accel     what its machines ran on: "kvm" or "tcg"
//	  status    "run" or "not-run"
//	  reason    why it was not run
//	  required  true: not running it is a failure of the lab
//	cells     what came of a case on a kernel, sorted by target, case, kernel:
//	  target    what the case belongs to: a suite, an object, a package
//	  case      the scenario, the program or the test
//	  kernel    the name of the kernel, one of kernels
//	  release   of that kernel
//	  verdict   "pass", "unsupported", "fail", "panic", "splat", "hang", "oom",
//	            "lost", "infra" or "not-run"
//	  reason    the cause in one line; empty for a pass
//	  seconds   from asking for the machine to its end
//	  cpu_seconds  what it cost the host
//	  shape     the name of the machine's shape: "default", "smp"
//	  subject   the file under test, if it is one: name, sha256
//	  load      for a BPF program, what the verifier said: "accepted",
//	            "rejected" or "not attempted"
//	  figures   what the verifier counted; a figure that is not known is absent:
//	    instructions     of the program, after the kernel's rewriting
//	    processed        instructions the verifier walked through
//	    peak_states, total_states  states it kept at most, and made in all
//	    stack_depth      bytes, all frames of the deepest call together
//	    verification_us  microseconds the verifier took
//	    jited_bytes      of the machine code
//	  stdout, stderr   the ends of the outputs
//	  kernel_log       what the kernel logged meanwhile, as dmesg prints it
//	  console          the end of what came over the serial line
//	  stacks           what the tasks were doing when the limit was reached
//	  excused          kernel messages that the catalogue allows
//	  bundle           the path of the bundle that repeats the cell
//
// The keys schema, tool, started, seconds, host, kernels and cells, and in a cell
// target, case, kernel, release, verdict, reason and seconds, are always there.
// All others are left out when there is nothing to say; the five texts are also
// left out of a cell that went as expected, unless the report was asked to be
// verbose.
//
// # What may change
//
// Within v1 keys are added, never removed, renamed or given another meaning or
// unit; so a reader ignores the keys it does not know. A verdict may be added: a
// reader takes one it does not know as the lab's trouble, as Read does. Anything
// else makes a v2, which readers of v1 refuse by its schema.
package report
