package suite

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/scenario"
)

// A Bringer finds the files of what a scenario wants its machine to carry. The
// arguments are those after the kind.
type Bringer func(ctx context.Context, image *kernels.Image, args []string) ([]vmtest.File, error)

// Bringers returns those every suite has:
//
//	bring program NAME…            programs of the host, with their libraries
//	bring package [-suite S] NAME… Debian packages, with those they depend on;
//	                               fetched, verified and unpacked, never installed
//
// The payload is that of the machines: where it brings a C library, packages use it.
func Bringers(store *kernels.Store, options kernels.GetOptions, payload *vmtest.Payload) map[string]Bringer {
	return map[string]Bringer{
		"program": bringProgram,
		"package": packages{store, options, libc(payload)}.bring,
	}
}

// files returns the case's hook for what its scenario brings.
func (s *Suite) files(sc *scenario.Scenario) func(context.Context, *kernels.Image) ([]vmtest.File, error) {
	if len(sc.Brings) == 0 {
		return nil
	}
	return func(ctx context.Context, image *kernels.Image) (files []vmtest.File, err error) {
		for _, b := range sc.Brings {
			bringer := s.Bringers[b.Kind]
			if bringer == nil {
				return nil, &UsageError{fmt.Errorf("%s:%d: nobody here brings a %s", sc.File, b.Line, b.Kind)}
			}
			more, err := bringer(ctx, image, b.Args)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: bring %s: %w", sc.File, b.Line, b.Kind, err)
			}
			files = append(files, more...)
		}
		return files, nil
	}
}

func bringProgram(_ context.Context, _ *kernels.Image, names []string) (files []vmtest.File, err error) {
	for _, name := range names {
		host, err := exec.LookPath(name)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w\ninstall it on this machine", name, err)
		}
		more, err := vmtest.Program(host, path.Join("/usr/local/bin", filepath.Base(name)))
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

// packages brings Debian packages.
type packages struct {
	store   *kernels.Store
	options kernels.GetOptions
	libc    string // of the host, if the payload brings it: two of them do not mix
}

// defaultSuite is the Debian release whose programs scenarios run, whatever the
// host is: what they do must not depend on where they run.
const defaultSuite = "bookworm"

// basics are not followed: what they have is in every guest, or of no use there.
var basics = []string{"debconf", "debconf-2.0", "init-system-helpers", "dpkg", "tar", "perl", "perl-base",
	"passwd", "adduser", "lsb-base", "sysvinit-utils", "ucf", "procps", "sensible-utils", "media-types", "iproute2"}

func (p packages) bring(ctx context.Context, _ *kernels.Image, args []string) ([]vmtest.File, error) {
	suite, names := defaultSuite, args
	if len(args) > 1 && args[0] == "-suite" {
		suite, names = args[1], args[2:]
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("want package names")
	}
	set, err := p.store.Packages(ctx, kernels.PackageQuery{
		Suites: []string{suite, suite + "-security"},
		Names:  names,
		Follow: func(name string) bool {
			return !slices.Contains(basics, name) && (p.libc == "" || name != "libc6")
		},
	}, p.options)
	if err != nil {
		return nil, err
	}
	files, err := tree(set.Dir)
	if err == nil && p.libc != "" {
		files = append(files, libraryFiles(p.libc)...)
	}
	return files, err
}

// useless are directories of packages that no program reads.
var useless = []string{"usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian", "usr/share/bug"}

// tree lists a directory of unpacked packages as files of the guest.
func tree(dir string) (files []vmtest.File, err error) {
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if slices.Contains(useless, rel) {
			return fs.SkipDir
		}
		f := vmtest.File{Path: "/" + filepath.ToSlash(rel)}
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			f.Link, err = os.Readlink(name)
			f.Link = strings.TrimPrefix(f.Link, dir) // what was absolute there is so here
		case d.IsDir():
			f.Mode = fs.ModeDir | 0o755
		case d.Type().IsRegular():
			f.Source = name
		default:
			return nil
		}
		files = append(files, f)
		return err
	})
	return files, err
}

// libc returns the C library a payload brings, "" if its program needs none.
func libc(p *vmtest.Payload) string {
	for _, f := range p.Files {
		if path.Base(f.Path) == "libc.so.6" {
			return f.Source
		}
	}
	return ""
}

// libraryFiles are the parts of a C library, which only fit each other.
func libraryFiles(libc string) (files []vmtest.File) {
	for _, name := range []string{"libm", "libdl", "libpthread", "librt", "libresolv", "libutil", "libanl", "libnss_*", "libcrypt"} {
		found, _ := filepath.Glob(filepath.Join(filepath.Dir(libc), name+".so.[0-9]")) // the pattern is well-formed
		for _, f := range found {
			files = append(files, vmtest.File{Path: f, Source: f})
		}
	}
	return files
}
