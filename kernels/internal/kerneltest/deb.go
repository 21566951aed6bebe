package kerneltest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Files are the contents of an archive by name. A name that ends in "/" is a
// directory; contents that begin with "-> " make a symbolic link.
type Files map[string]string

// Tar makes a tar archive as dpkg does: sorted, names beginning with "./".
func Tar(files Files) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &tar.Header{Name: "./" + name, Mode: 0o644, Typeflag: tar.TypeReg, Size: int64(len(files[name]))}
		target, link := strings.CutPrefix(files[name], "-> ")
		switch {
		case link:
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, target, 0
		case strings.HasSuffix(name, "/"):
			h.Typeflag, h.Mode = tar.TypeDir, 0o755
		}
		must(w.WriteHeader(h))
		if h.Typeflag == tar.TypeReg {
			_, err := w.Write([]byte(files[name]))
			must(err)
		}
	}
	must(w.Close())
	return b.Bytes()
}

// Deb makes a Debian package, its data compressed by "gzip", "xz" or "zstd".
func Deb(compression string, files Files) []byte {
	suffix := map[string]string{"gzip": ".gz", "xz": ".xz", "zstd": ".zst", "": ""}[compression]
	return Ar("debian-binary", "2.0\n",
		"control.tar.gz", string(Gzip(Tar(Files{"control": "Package: x\n"}))),
		"data.tar"+suffix, string(Compress(compression, Tar(files))))
}

// Ar makes an ar archive of name, contents, name, contents…
func Ar(members ...string) []byte {
	b := bytes.NewBufferString("!<arch>\n")
	for i := 0; i < len(members); i += 2 {
		data := members[i+1]
		fmt.Fprintf(b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", members[i], 0, 0, 0, "100644", len(data))
		b.WriteString(data)
		if len(data)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// KernelFiles are the files of a Debian kernel package set of the given
// layout: "image" (up to 6.18, modules in /lib), "usr" (the same in /usr/lib),
// "binary" (6.19 on), or "modules" (7.2 on). The result is by package prefix:
// "image", or "base", "binary" and "modules".
func KernelFiles(layout string, k Kernel) map[string]Files {
	modules := Files{}
	lib := "lib/modules/"
	if layout != "image" {
		lib = "usr/lib/modules/"
	}
	dir := lib + k.Release
	add := func(tree, name string, depends ...string) {
		modules[path.Join(dir, "kernel", tree, name+".ko")] = string(Module(k.Release, depends...))
	}
	add("net", "llc")
	add("net", "stp", "llc")
	add("net", "bridge", "stp", "llc")
	add("drivers/net", "virtio-rng")
	add("drivers/gpu", "amdgpu")
	index := Files{
		dir + "/modules.builtin": "kernel/fs/ext4/ext4.ko\nkernel/drivers/virtio/virtio.ko\n",
		dir + "/modules.order":   "kernel/net/llc.ko\nkernel/drivers/gpu/amdgpu.ko\n",
	}
	boot := Files{"boot/vmlinuz-" + k.Release: string(k.BzImage("gzip"))}
	config := Files{"boot/config-" + k.Release: "CONFIG_X=y\n"}
	if layout == "modules" {
		boot = Files{dir + "/vmlinuz": string(k.BzImage("zstd"))}
		config = Files{dir + "/config": "CONFIG_X=y\n"}
	}
	if layout == "image" || layout == "usr" {
		all := Files{}
		for _, f := range []Files{boot, config, modules, index} {
			maps.Copy(all, f)
		}
		return map[string]Files{"image": all}
	}
	maps.Copy(config, index)
	return map[string]Files{"base": config, "binary": boot, "modules": modules}
}
