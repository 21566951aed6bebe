package vmtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/kernels"
)

// Accel is what executes the guest's code.
type Accel string

// Accelerators.
const (
	KVM Accel = "kvm" // the host's processor
	TCG Accel = "tcg" // QEMU's translator: everywhere, some ten times slower
)

// ParseAccel returns the accelerator of that name; "" stays "", choose by trying.
func ParseAccel(name string) (Accel, error) {
	switch a := Accel(name); a {
	case "", KVM, TCG:
		return a, nil
	}
	return "", fmt.Errorf("unknown accelerator %q: want kvm or tcg\nset ASSAY_ACCEL to one of them, or unset it", name)
}

// probeLimit is how long a machine under KVM may take to boot. It takes one second
// where KVM works, and for ever where /dev/kvm only looks like it.
const probeLimit = 10 * time.Second

// accelFor decides what runs this kernel on this host, once.
func (l *Lab) accelFor(ctx context.Context, image *kernels.Image) (Accel, error) {
	if l.cfg.Accel != "" {
		return l.cfg.Accel, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock() // others wait: one probe is enough
	if a, ok := l.accels[image.Digest]; ok {
		return a, nil
	}
	a, err := l.decideAccel(ctx, image)
	if err == nil {
		l.accels[image.Digest] = a
	}
	return a, err
}

func (l *Lab) decideAccel(ctx context.Context, image *kernels.Image) (Accel, error) {
	if err := unix.Access("/dev/kvm", unix.R_OK|unix.W_OK); err != nil {
		return TCG, nil
	}
	memory := accelMemory{filepath.Join(l.cfg.CacheDir, "accel", l.accelKey(image)+".json")}
	if a, ok := memory.recall(); ok {
		return a, nil
	}
	l.notice("trying KVM with kernel %s", image.Name)
	verdict := l.tryKVM(ctx, image)
	if err := ctx.Err(); err != nil {
		return "", err
	}
	a := KVM
	if verdict != nil {
		a = TCG
		l.notice("KVM does not run kernel %s on this host, using TCG: %s", image.Name, firstLine(verdict.Error()))
	}
	if err := memory.keep(a, verdict); err != nil {
		l.notice("remember the accelerator: %v", err)
	}
	return a, nil
}

// tryKVM boots the kernel: that /dev/kvm exists and opens proves nothing.
func (l *Lab) tryKVM(ctx context.Context, image *kernels.Image) error {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	m, err := l.bootOnce(ctx, machineSpec{image: image, shape: Shapes[0], accel: KVM})
	if err != nil {
		return err
	}
	m.Close()
	return nil
}

// accelKey names host and kernel.
func (l *Lab) accelKey(image *kernels.Image) string {
	h := sha256.New()
	fmt.Fprintln(h, l.qemu.Version, l.qemu.stamp, image.Digest, hostCPU(KVM))
	return hex.EncodeToString(h.Sum(nil))[:24]
}

// hostCPU names what a frozen machine depends on of the host: it was calibrated
// against the CPU's clock and, under KVM, found its features.
func hostCPU(accel Accel) string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(b), "\n\n") // the other CPUs are the same
	var words []string
	for line := range strings.Lines(first) {
		name, value, _ := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if name == "model name" || accel == KVM && (name == "flags" || name == "microcode") {
			words = append(words, strings.TrimSpace(value))
		}
	}
	if accel == KVM {
		var u unix.Utsname
		_ = unix.Uname(&u)
		words = append(words, unix.ByteSliceToString(u.Release[:]))
	}
	return strings.Join(words, "\n")
}

// accelMemory is the remembered decision for one host and kernel.
type accelMemory struct{ file string }

type accelDecision struct {
	Accel  Accel     `json:"accel"`
	Reason string    `json:"reason,omitempty"`
	When   time.Time `json:"when"`
}

func (m accelMemory) recall() (Accel, bool) {
	var d accelDecision
	b, err := os.ReadFile(m.file)
	if err != nil || json.Unmarshal(b, &d) != nil || d.Accel == "" {
		return "", false
	}
	return d.Accel, true
}

func (m accelMemory) keep(a Accel, reason error) error {
	d := accelDecision{Accel: a, When: time.Now().UTC()}
	if reason != nil {
		d.Reason = reason.Error()
	}
	b, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(m.file), 0o755); err != nil {
		return err
	}
	return writeFile(m.file, b)
}

// writeFile is os.WriteFile for a file that others may read or write at the same
// time: they see it whole or not at all.
func writeFile(name string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func lastLine(s string) string {
	s = strings.TrimRight(s, "\n")
	return s[strings.LastIndexByte(s, '\n')+1:]
}
