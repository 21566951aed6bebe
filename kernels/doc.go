// Package kernels knows which kernels exist, what each of them claims to
// support, and how its files come to this machine.
//
// A kernel is data: one small file per series in catalog/, embedded. Its files
// come from Debian packages, OCI images, a local bzImage, or a build, and land
// in a cache, verified, whole or not at all. Nothing here needs root, installs
// anything, or boots anything; package vmtest does the booting.
package kernels
