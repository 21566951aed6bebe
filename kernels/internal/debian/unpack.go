package debian

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/assay-lab/assay/kernels/internal/deb"
)

// bulky are the module trees that no test in a virtual machine can use. In the
// generic flavours they are two thirds of what there is.
var bulky = []string{
	"kernel/drivers/gpu/", "kernel/drivers/media/", "kernel/drivers/staging/",
	"kernel/drivers/iio/", "kernel/drivers/net/wireless/", "kernel/sound/",
}

// place tells where an entry of a kernel package belongs in an image directory:
// "vmlinuz", "config" or below "lib/modules/RELEASE". Entries that are not
// wanted have no place.
//
// Debian has moved these files twice: modules from /lib to /usr/lib with
// Debian 13's 6.12, and the kernel from /boot to its module directory with 7.2.
func place(name, release string) string {
	switch name {
	case "boot/vmlinuz-" + release:
		return "vmlinuz"
	case "boot/config-" + release:
		return "config"
	}
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "usr/"), "lib/modules/"+release+"/")
	if !ok {
		return ""
	}
	switch rest {
	case "vmlinuz", "config":
		return rest
	}
	if path.Dir(rest) == "." && strings.HasPrefix(rest, "modules.") || wanted(rest) {
		return "lib/modules/" + release + "/" + rest
	}
	return ""
}

func wanted(rest string) bool {
	if !strings.HasPrefix(rest, "kernel/") && !strings.HasPrefix(rest, "updates/") {
		return false
	}
	for _, prefix := range bulky {
		if strings.HasPrefix(rest, prefix) {
			return false
		}
	}
	return true
}

// ErrNoKernel is returned when packages hold no kernel of the release sought.
var ErrNoKernel = errors.New("no kernel in the packages")

// Unpack takes the kernel of the given release out of package files and lays
// it out in dir: vmlinuz, config, and lib/modules/RELEASE.
func Unpack(dir, release string, debs []string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range debs {
		if err := unpackOne(root, release, name); err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(name), err)
		}
	}
	if _, err := root.Stat("vmlinuz"); err != nil {
		return fmt.Errorf("%w: looked for vmlinuz of %s", ErrNoKernel, release)
	}
	return nil
}

func unpackOne(root *os.Root, release, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return deb.Walk(f, deb.Limits{}, func(e *deb.Entry) error {
		dst := place(e.Name, release)
		if dst == "" || !e.Mode.IsRegular() || e.Hard {
			return nil
		}
		return deb.WriteFile(root, dst, e)
	})
}
