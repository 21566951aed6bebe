package kernels

// An Image is a kernel that is ready to boot: every path names a file that
// exists, was verified, and stays as it is.
type Image struct {
	// Name is what the user asked for: "6.12", "6.12-generic", "./bzImage".
	Name string `json:"name"`
	// Series is the catalogue series whose claims (has, lacks, allowed
	// splats) apply, "6.12"; empty when none does.
	Series string `json:"series,omitempty"`
	// Release is what uname -r prints on this kernel.
	Release string `json:"release"`
	// Version is the version of the package it came from, empty without one.
	Version string `json:"version,omitempty"`
	// Source says where it came from: "debian", "oci", "local" or "build".
	Source string `json:"source"`
	// Digest is the SHA-256, in hex, over the kernel's bytes and the
	// identity of its module tree. Equal digests boot alike.
	Digest string `json:"digest"`

	// Kernel is the path of the bzImage, or of the ELF if that is all there is.
	Kernel string `json:"kernel"`
	// Vmlinux is the path of the uncompressed ELF, empty if none could be
	// taken out of Kernel.
	Vmlinux string `json:"vmlinux,omitempty"`
	// PVH tells that Vmlinux carries the Xen PVH note, so that QEMU can
	// enter it without unpacking it inside the guest.
	PVH bool `json:"pvh"`
	// Config is the path of the build configuration, empty if unknown.
	Config string `json:"config,omitempty"`
	// Modules is the directory with the modules, …/lib/modules/RELEASE,
	// empty if there are none.
	Modules string `json:"modules,omitempty"`
}
