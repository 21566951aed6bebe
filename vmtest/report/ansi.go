package report

import "regexp"

// ansi matches the sequences that steer a terminal (ECMA-48, section 5.4): CSI,
// OSC up to its end, and two-byte escapes.
var ansi = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\^_])")

// stripANSI returns the text without them.
func stripANSI(s string) string { return ansi.ReplaceAllString(s, "") }
