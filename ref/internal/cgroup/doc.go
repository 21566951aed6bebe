// Package cgroup finds, names, watches and attaches to cgroup v2 directories.
//
// It is what the features share about the hierarchy: [Open] turns a path into
// a [Dir] with the kernel's id of the cgroup; [Dir.Attach] adds a BPF program
// beside whatever else is attached, and refuses where that would switch another
// program off; [Watch] reports cgroups that come and go; [Sweep] removes what a
// killed process left attached on kernels where attachments outlive processes.
//
// The package needs no daemon and holds no global state. It never writes to
// the hierarchy.
package cgroup
