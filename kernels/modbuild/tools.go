package modbuild

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/assay-lab/assay/kernels"
)

// tools are what kbuild runs, by the names of packages that every release of Debian
// knows, compiler aside.
var tools = []string{
	"make", "binutils", "dwarves", "libelf1", "zlib1g", "kmod",
	"base-files", "bash", "coreutils", "dash", "diffutils", "findutils", "grep",
	"mawk", "perl-base", "sed", "xz-utils",
}

// needless are packages that tools depend on only to be installed.
var needless = regexp.MustCompile(`^(debconf|cdebconf|install-info|perl$|dpkg$|tar$|init-system-helpers)`)

// compilerPattern finds the compiler that Debian's headers ask for.
var compilerPattern = regexp.MustCompile(`\bgcc-[0-9]+\b`)

// compilerOf returns the compiler that the kernel was built with, "gcc-14".
func compilerOf(headers string) (string, error) {
	for _, name := range []string{".kernelvariables", "include/generated/compile.h"} {
		b, err := os.ReadFile(filepath.Join(headers, name))
		if err != nil {
			continue
		}
		if m := compilerPattern.Find(b); m != nil {
			return string(m), nil
		}
	}
	return "", fmt.Errorf("%s does not say which compiler it is for", headers)
}

// toolchain fetches the compiler, and all else that kbuild runs, of the release of
// Debian that the kernel is of.
func toolchain(ctx context.Context, store *kernels.Store, img *kernels.Image, compiler string, o kernels.GetOptions) (*kernels.PackageSet, error) {
	e, ok := kernels.Series(img.Series)
	if !ok {
		return nil, fmt.Errorf("the catalogue does not say which release kernel %s is of", img.Name)
	}
	q := kernels.PackageQuery{
		Suites: releases(e.Debian.Suites),
		Names:  append([]string{compiler}, tools...),
		Follow: func(name string) bool { return !needless.MatchString(name) },
	}
	return store.Packages(ctx, q, o)
}

// releases are the releases of Debian that suites belong to: that of
// "trixie-backports" and "trixie-security" is "trixie".
func releases(suites []string) []string {
	var list []string
	for _, s := range suites {
		s, _, _ = strings.Cut(s, "-")
		s, _, _ = strings.Cut(s, "/")
		if s == "experimental" { // what it builds on is unstable
			s = "sid"
		}
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// versionOf returns the version of a package of a set.
func versionOf(set *kernels.PackageSet, name string) string {
	for _, p := range set.Packages {
		if p.Name == name {
			return p.Version
		}
	}
	return ""
}
