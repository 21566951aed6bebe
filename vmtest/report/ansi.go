package report

import (
	"regexp"
	"strings"
)

// ansi matches the sequences that steer a terminal (ECMA-48, section 5.4): CSI,
// OSC up to its end, and two-byte escapes.
var ansi = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\^_])")

// stripANSI returns the text without them.
func stripANSI(s string) string { return ansi.ReplaceAllString(s, "") }

// stripControls returns the text without them and other control characters but
// newlines and tabs, and with line ends as they should be.
func stripControls(s string) string {
	s = strings.ReplaceAll(stripANSI(strings.ToValidUTF8(s, "\uFFFD")), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || 0x7f <= r && r < 0xa0 || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
}
