package modbuild

import (
	"regexp"
	"strings"
)

// What compilers, kbuild and modpost say when it is their last word.
var (
	complaint = regexp.MustCompile(`(?i)\berror\b|undefined!|undefined reference|No rule to make target|fatal|not found`)
	noise     = regexp.MustCompile(`^make(\[[0-9]+\])?: (\*\*\*|Entering|Leaving)|treated as errors|-Werror|^In file included`)
)

// maxComplaints is how many lines of a log a user is shown.
const maxComplaints = 6

// complaints picks the lines that tell why a build fell; failing that, the last.
func complaints(log string) []string {
	var picked, all []string
	for line := range strings.Lines(log) {
		line = strings.ReplaceAll(strings.TrimSpace(line), inWork+"/", "")
		if line == "" {
			continue
		}
		all = append(all, line)
		if len(picked) < maxComplaints && complaint.MatchString(line) && !noise.MatchString(line) {
			picked = append(picked, line)
		}
	}
	if len(picked) == 0 {
		picked = all[max(0, len(all)-maxComplaints):]
	}
	return picked
}
