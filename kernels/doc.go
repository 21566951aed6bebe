// Package kernels knows which kernels exist, what each of them claims to
// support, and how its files come to this machine.
//
// A kernel is data: one small file per series in catalog/, embedded. Its files
// come from Debian packages, OCI images, a local bzImage, or a build, and land
// in a cache, verified, whole or not at all. Nothing here needs root, installs
// anything, or boots anything; package vmtest does the booting.
//
//	store, err := kernels.Open("")
//	img, err := store.Get(ctx, "6.12", kernels.GetOptions{})
//	mods, err := img.ModuleClosure([]string{"virtio_net", "tls?"})
//
// # Names
//
// Get takes, and the catalogue, the store and the user's command line share,
// these names:
//
//	6.12                       a series of the catalogue; flavour "cloud"
//	6.12-generic  6.12-rt      another flavour
//	6.12@6.12.107-1            a version that a signed index offers
//	mine                       a kernel that Add or Build put under that name
//	./bzImage                  a file; with its modules, ./bzImage:./modroot
//	oci:quay.io/…:4.19-main    an OCI image
//
// A kernel added under the name of a series, such as "4.19", takes the place of
// the catalogue's.
//
// # What is trusted
//
// The catalogue pins packages by size and SHA-256, taken from indexes that
// Debian's archive keys signed; so it does not matter who serves them. They are
// fetched from the mirrors that the host's apt is configured to use (or those in
// $ASSAY_DEBIAN_MIRROR), else from snapshot.debian.org, else from
// archive.debian.org. A package that is in no signed index is not pinned, even if
// a mirror has it. A pin that is gone everywhere is replaced, with a notice, by
// the newest version in its suites' signed index. An index past its Valid-Until is
// refused unless the caller allows it or its suite is frozen. OCI images are
// trusted on first use: the digest a tag stands for is kept.
//
// # What is kept
//
// Everything lies below "kernels" in $ASSAY_CACHE, or "assay" in the user's
// cache directory: images/ ready to boot, names/ what names stand for,
// packages/ unpacked packages, downloads/ and indexes/ on their way. Any of it
// may be deleted when no command runs. Get checks by size and time that the
// files it hands out are as they were put there; Verify reads them all.
//
// # Concurrency
//
// A Store may be used by any number of goroutines and processes. Those who want
// the same kernel at once wait for the one that is fetching it.
package kernels
