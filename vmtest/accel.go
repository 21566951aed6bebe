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

// How long a machine under KVM may take to boot. It takes one second where KVM
// works, and for ever where /dev/kvm only looks like it; a host that has failed with
// one kernel is not waited for long with the next.
const (
	probeLimit     = 10 * time.Second
	nextProbeLimit = 3 * time.Second
)

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
	memory := l.accelMemory(image)
	if a, ok := memory.recall(); ok {
		return a, nil
	}
	l.notice("trying KVM with kernel %s", image.Name)
	limit := probeLimit
	if memory.failedBefore() {
		limit = nextProbeLimit
	}
	verdict := l.tryKVM(ctx, image, limit)
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
func (l *Lab) tryKVM(ctx context.Context, image *kernels.Image, limit time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not up after %v", limit))
	defer cancel()
	m, err := l.bootOnce(ctx, machineSpec{image: image, shape: Shapes[0], accel: KVM})
	if err != nil {
		return err
	}
	m.Close()
	return nil
}

// accelMemory returns where the decision for this host and kernel is remembered.
func (l *Lab) accelMemory(image *kernels.Image) accelMemory {
	h := sha256.Sum256([]byte(strings.Join([]string{l.qemu.Version, l.qemu.stamp, hostCPU(KVM)}, "\n")))
	host := hex.EncodeToString(h[:])[:16]
	return accelMemory{filepath.Join(l.cfg.CacheDir, "accel"), host, image.Digest[:min(16, len(image.Digest))]}
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
type accelMemory struct{ dir, host, kernel string }

func (m accelMemory) file() string { return filepath.Join(m.dir, m.host+"-"+m.kernel+".json") }

// failedBefore reports whether KVM has not run another kernel on this host.
func (m accelMemory) failedBefore() bool {
	others, _ := filepath.Glob(filepath.Join(m.dir, m.host+"-*.json")) // the pattern is well-formed
	for _, file := range others {
		if d, ok := readDecision(file); ok && d.Accel == TCG {
			return true
		}
	}
	return false
}

type accelDecision struct {
	Accel  Accel     `json:"accel"`
	Reason string    `json:"reason,omitempty"`
	When   time.Time `json:"when"`
}

func (m accelMemory) recall() (Accel, bool) {
	d, ok := readDecision(m.file())
	return d.Accel, ok
}

func readDecision(file string) (d accelDecision, ok bool) {
	b, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(b, &d) != nil || d.Accel == "" {
		return accelDecision{}, false
	}
	return d, true
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
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return err
	}
	return writeFile(m.file(), b)
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
