package modbuild

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/assay-lab/assay/kernels"
)

// A need is something in a kernel that a module cannot do without: a function that the
// module calls, and that the kernel's type information names if it has it.
type need struct{ function, since, what string }

var needs = []need{
	{"register_btf_kfunc_id_set", "5.18", "kfuncs in modules"},
	{"register_btf_id_dtor_kfuncs", "5.19", "kptrs to a module's structs"},
}

// Supports tells whether a kernel can have a module at all, as far as that can be
// known before it is compiled. Errors: *UnsupportedError.
func Supports(img *kernels.Image, src Source) error {
	files, err := src.read()
	if err != nil {
		return err
	}
	return supports(img, files)
}

func supports(img *kernels.Image, files []sourceFile) error {
	for _, n := range needs {
		if !mentions(files, n.function+"(") {
			continue
		}
		btf, err := img.BTF()
		if errors.Is(err, kernels.ErrNoBTF) {
			return &UnsupportedError{img.Release, fmt.Sprintf("it has no %s, because it has no type information at all (BTF, in Linux since 5.2)", n.what)}
		}
		if err != nil {
			return err
		}
		if !bytes.Contains(btf, []byte("\x00"+n.function+"\x00")) {
			return &UnsupportedError{img.Release, fmt.Sprintf("it has no %s: there is no %s, which Linux has since %s", n.what, n.function, n.since)}
		}
		if configured(img, "CONFIG_DEBUG_INFO_BTF_MODULES") == "n" {
			return &UnsupportedError{img.Release, fmt.Sprintf("it has no %s: it was built without CONFIG_DEBUG_INFO_BTF_MODULES", n.what)}
		}
	}
	return nil
}

// configured returns a kernel's build option, "n" if it is off, "" if nobody knows.
func configured(img *kernels.Image, option string) string {
	if img.Config == "" {
		return ""
	}
	b, err := os.ReadFile(img.Config)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), option+"="); ok {
			return v
		}
	}
	return "n"
}
