package kbuild

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

func TestParseConfig(t *testing.T) {
	got, err := parseConfig(strings.NewReader("#\n# Automatically generated\n\nCONFIG_A=y\nCONFIG_B=\"a=b c\"\n# CONFIG_C is not set\nCONFIG_D=n\nCONFIG_A=y\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := config{"CONFIG_A": "y", "CONFIG_B": `"a=b c"`, "CONFIG_C": "n", "CONFIG_D": "n"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("configuration differs (-want +got):\n%s", d)
	}
	for text, want := range map[string]string{
		"CONFIG_A=y\nCONFIG_A=m\n": "line 2: CONFIG_A is set twice",
		"A=y\n":                    "line 1: cannot read",
		"CONFIG_A\n":               "line 1: cannot read",
	} {
		if _, err := parseConfig(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

func TestLacking(t *testing.T) {
	c := config{"CONFIG_A": "y", "CONFIG_B": "m", "CONFIG_N": "n", "CONFIG_S": `"x"`}
	if err := c.lacking(config{"CONFIG_A": "m", "CONFIG_B": "m", "CONFIG_N": "n", "CONFIG_GONE": "n", "CONFIG_S": `"x"`}); err != nil {
		t.Errorf("all is there, but: %v", err)
	}
	err := c.lacking(config{"CONFIG_A": "n", "CONFIG_B": "y", "CONFIG_GONE": "y", "CONFIG_S": `"y"`})
	var ce *ConfigError
	if !errors.As(err, &ce) {
		t.Fatalf("error %v, want a *ConfigError", err)
	}
	want := []string{"CONFIG_A=n is y", "CONFIG_B=y is m", "CONFIG_GONE=y is n", `CONFIG_S="y" is "x"`}
	if d := cmp.Diff(want, ce.Options); d != "" {
		t.Errorf("lacking options differ (-want +got):\n%s", d)
	}
}

// Our own fragments can be read and set nothing twice.
func TestFragments(t *testing.T) {
	for _, name := range Fragments() {
		c, err := readFragment(name, true)
		if err != nil || len(c) == 0 {
			t.Errorf("fragment %s: %d options, %v", name, len(c), err)
		}
	}
}

func TestCheckTools(t *testing.T) {
	no := func(context.Context) bool { return false }
	yes := func(context.Context) bool { return true }
	tools := []tool{
		{what: "make", debian: "make", present: yes},
		{what: "flex", debian: "flex", present: no},
		{what: "libelf", debian: "libelf-dev", present: no, needed: anyOf("CONFIG_OBJTOOL")},
		{what: "pahole", debian: "dwarves", present: no, needed: anyOf("CONFIG_DEBUG_INFO_BTF")},
	}
	for name, tc := range map[string]struct {
		c    config
		want []string
	}{
		"every build":        {nil, []string{"flex"}},
		"this configuration": {config{"CONFIG_OBJTOOL": "y"}, []string{"libelf"}},
		"another":            {config{"CONFIG_OBJTOOL": "n"}, nil},
	} {
		err := checkTools(t.Context(), tools, tc.c)
		var te *ToolsError
		if errors.As(err, &te) != (tc.want != nil) {
			t.Errorf("%s: error %v, want %v missing", name, err, tc.want)
			continue
		}
		if te != nil && (!cmp.Equal(te.Missing, tc.want) || te.ExitCode() != 3 || !strings.Contains(te.Error(), "install "+strings.NewReplacer("libelf", "libelf-dev").Replace(tc.want[0]))) {
			t.Errorf("%s: %v, want %v", name, te, tc.want)
		}
	}
}

func TestIsFedora(t *testing.T) {
	for text, want := range map[string]bool{
		"ID=debian\n": false, "ID=fedora\n": true, "NAME=x\nID=rocky\nID_LIKE=\"rhel centos fedora\"\n": true, "ID=ubuntu\nID_LIKE=debian\n": false,
	} {
		name := filepath.Join(t.TempDir(), "os-release")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := isFedora(name); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// makefile imitates what a Linux tree's Makefile does, as far as a Job asks.
const makefile = `
defconfig:
	printf 'CONFIG_BASE=y\nCONFIG_CHOICE_A=y\nCONFIG_MODULES=y\nCONFIG_M=m\n' >$(O)/.config
olddefconfig:
	grep -v CONFIG_UNMET $(O)/.config >$(O)/.config.new; mv $(O)/.config.new $(O)/.config
bzImage:
	@echo compiling
	@! grep -q CONFIG_BROKEN=y $(O)/.config || { echo 'x.c:1: error: broken'; exit 1; }
	mkdir -p $(O)/arch/x86/boot; cp image $(O)/arch/x86/boot/bzImage
modules:
modules_install:
	mkdir -p $(INSTALL_MOD_PATH)/lib/modules/6.1.0/kernel
	cp module.ko $(INSTALL_MOD_PATH)/lib/modules/6.1.0/kernel/
`

// tree makes a source tree, and a tarball of it.
func tree(t *testing.T) (dir, tarball string) {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("there is no make on this host")
	}
	dir = t.TempDir()
	files := kerneltest.Files{
		"Makefile": makefile, "Kbuild": "", "arch/x86/Makefile": "",
		"Kconfig":     "config BASE\n\tbool\nmenuconfig ASKED\n\tbool\n",
		"net/Kconfig": "  config UNMET\n\tbool\nconfig BROKEN\n\tbool\n",
		"image":       string(kerneltest.Kernel{Release: "6.1.0"}.BzImage("gzip")),
		"module.ko":   string(kerneltest.Module("6.1.0")),
	}
	inTar := kerneltest.Files{}
	for name, data := range files {
		inTar["linux-6.1/"+name] = data
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tarball = filepath.Join(t.TempDir(), "linux-6.1.tar.xz")
	if err := os.WriteFile(tarball, kerneltest.XZ(kerneltest.Tar(inTar)), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, tarball
}

// fragment writes a fragment and returns its path.
func fragment(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "my.config")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestRun(t *testing.T) {
	dir, tarball := tree(t)
	for what, source := range map[string]string{"tree": dir, "tarball": tarball} {
		t.Run(what, func(t *testing.T) {
			var notices []string
			j := &Job{Source: source, Config: []string{"kasan", fragment(t, "CONFIG_ASKED=y\n")}, Dir: t.TempDir(), tools: []tool{},
				Notice: func(n string) { notices = append(notices, n) }}
			r, err := j.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range []string{r.Kernel, r.Config, filepath.Join(r.Modules, "lib/modules/6.1.0/kernel/module.ko")} {
				if _, err := os.Stat(p); err != nil {
					t.Error(err)
				}
			}
			c, err := readConfig(r.Config)
			if err != nil || c["CONFIG_ASKED"] != "y" || c["CONFIG_BASE"] != "y" {
				t.Errorf("configuration is %v, %v", c, err)
			}
			if len(notices) != 1 || !strings.Contains(notices[0], "CONFIG_KASAN, CONFIG_KASAN_GENERIC") {
				t.Errorf("notices are %q, want one that this kernel does not know KASAN", notices)
			}
		})
	}
}

func TestRunFails(t *testing.T) {
	dir, _ := tree(t)
	for name, tc := range map[string]struct {
		source string
		config string
		want   string
	}{
		"dependency not met":      {dir, "CONFIG_UNMET=y\n", "lacks what was asked for: CONFIG_UNMET=y is n"},
		"does not compile":        {dir, "CONFIG_BROKEN=y\n", "x.c:1: error: broken"},
		"no source":               {dir + "-not", "", "kernel source"},
		"not a source":            {t.TempDir(), "", "is not a Linux source tree"},
		"not a tarball":           {fragment(t, "text"), "", "unpack"},
		"fragment cannot be read": {dir, "CONFIG_X\n", "cannot read"},
	} {
		t.Run(name, func(t *testing.T) {
			j := &Job{Source: tc.source, Config: []string{fragment(t, tc.config)}, Dir: t.TempDir(), tools: []tool{}}
			if _, err := j.Run(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
	j := &Job{Source: dir, Config: []string{"kasna"}, Dir: t.TempDir(), tools: []tool{}}
	if _, err := j.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "kasan") {
		t.Errorf("error %v, want one that names our own fragments", err)
	}
}

func TestTail(t *testing.T) {
	var all strings.Builder
	w := &tail{next: &all}
	for range 100 {
		if _, err := w.Write([]byte("a line of forty characters and a newline\n")); err != nil {
			t.Fatal(err)
		}
	}
	if all.Len() != 4100 {
		t.Errorf("%d bytes were passed on, want 4100", all.Len())
	}
	if text := w.text(); len(text) > tailSize || !strings.HasPrefix(text, "a line") || !strings.HasSuffix(text, "newline") {
		t.Errorf("tail is %d bytes, %.20q…", len(text), text)
	}
}
