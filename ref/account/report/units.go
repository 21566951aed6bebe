package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bytesText writes a number of bytes with three digits and a binary unit, in at
// most seven characters: 512B, 1.21KiB, 1023KiB.
func bytesText(n float64) string {
	return scaled(n, 1024, []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"})
}

// countText writes a number with three digits and a decimal unit: 999, 1.21k.
func countText(n float64) string {
	return scaled(n, 1000, []string{"", "k", "M", "G", "T", "P", "E"})
}

func scaled(n, base float64, units []string) string {
	unit := 0
	for n >= base-0.5 && unit < len(units)-1 {
		n /= base
		unit++
	}
	switch {
	case unit == 0 || n >= 99.95:
		return fmt.Sprintf("%.0f%s", n, units[unit])
	case n >= 9.995:
		return fmt.Sprintf("%.1f%s", n, units[unit])
	}
	return fmt.Sprintf("%.2f%s", n, units[unit])
}

// printable makes a cgroup's name, which may hold any byte but NUL, safe for a
// terminal and one line long.
func printable(name string) string {
	var b strings.Builder
	for i, r := range name {
		_, size := utf8.DecodeRuneInString(name[i:])
		if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) {
			for _, c := range []byte(name[i : i+size]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fit cuts text to width characters, at the front: the end of a path says more.
func fit(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return "…" + string(runes[len(runes)-width+1:])
}
