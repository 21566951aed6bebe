package debian

import (
	"bufio"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An aptSource is one suite of one archive that the host's apt is told to use.
type aptSource struct{ uri, suite string }

// readApt reads the sources of Debian's archive from root/etc/apt: the lists
// of one line a source and the deb822 files (sources.list(5)). Sources of other
// archives, and files that cannot be read, are passed over: this is a search
// for a mirror, not a check of somebody's configuration.
func readApt(root string) []aptSource {
	apt := filepath.Join(root, "etc/apt")
	files := []string{filepath.Join(apt, "sources.list")}
	for _, pattern := range []string{"*.list", "*.sources"} {
		more, _ := filepath.Glob(filepath.Join(apt, "sources.list.d", pattern))
		files = append(files, more...)
	}
	var found []aptSource
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		parse := parseList
		if strings.HasSuffix(name, ".sources") {
			parse = parseDeb822
		}
		for _, st := range parse(f) {
			found = append(found, st.debian(root)...)
		}
		f.Close()
	}
	return found
}

// A stanza is one entry of apt's sources, in either format.
type stanza struct{ types, uris, suites, components []string }

// parseList reads lines such as "deb [arch=amd64] URI bookworm main".
func parseList(r io.Reader) []stanza {
	var all []stanza
	for s := bufio.NewScanner(r); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		f := strings.Fields(line)
		if len(f) > 1 && strings.HasPrefix(f[1], "[") {
			end := slices.IndexFunc(f, func(w string) bool { return strings.HasSuffix(w, "]") })
			if end < 0 {
				continue
			}
			f = append(f[:1], f[end+1:]...)
		}
		if len(f) >= 4 {
			all = append(all, stanza{f[:1], f[1:2], f[2:3], f[3:]})
		}
	}
	return all
}

// parseDeb822 reads paragraphs of "Field: value" lines.
func parseDeb822(r io.Reader) []stanza {
	var all []stanza
	for _, para := range paragraphs(r) {
		if strings.EqualFold(para["enabled"], "no") {
			continue
		}
		all = append(all, stanza{
			strings.Fields(para["types"]), strings.Fields(para["uris"]),
			strings.Fields(para["suites"]), strings.Fields(para["components"]),
		})
	}
	return all
}

// paragraphs reads deb822 text: field names in lower case, continuation lines
// joined by newlines.
func paragraphs(r io.Reader) []map[string]string {
	var all []map[string]string
	para := map[string]string{}
	last := ""
	flush := func() {
		if len(para) > 0 {
			all = append(all, para)
		}
		para, last = map[string]string{}, ""
	}
	for s := bufio.NewScanner(r); s.Scan(); {
		line := s.Text()
		switch {
		case strings.TrimSpace(line) == "":
			flush()
		case line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			para[last] += "\n" + strings.TrimSpace(line)
		default:
			key, value, _ := strings.Cut(line, ":")
			last = strings.ToLower(key)
			para[last] = strings.TrimSpace(value)
		}
	}
	flush()
	return all
}

// codenames are the releases whose suites tell Debian's archive from the many
// third-party archives whose URLs also end in "/debian".
var codenames = []string{
	"stable", "oldstable", "oldoldstable", "testing", "unstable", "experimental",
	"buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid",
}

// debian returns the Debian archives among a stanza's sources.
func (s stanza) debian(root string) []aptSource {
	if !slices.Contains(s.types, "deb") || !slices.Contains(s.components, "main") {
		return nil
	}
	var found []aptSource
	for _, suite := range s.suites {
		name, _, _ := strings.Cut(strings.ReplaceAll(suite, "/", "-"), "-")
		if !slices.Contains(codenames, name) {
			continue
		}
		for _, uri := range s.expand(root) {
			if debianRoot(uri) {
				found = append(found, aptSource{strings.TrimRight(uri, "/"), suite})
			}
		}
	}
	return found
}

// expand replaces "mirror+file:" URIs, which Debian's cloud images use, by the
// mirrors in the file they name.
func (s stanza) expand(root string) []string {
	var uris []string
	for _, uri := range s.uris {
		name, ok := strings.CutPrefix(uri, "mirror+file:")
		if !ok {
			uris = append(uris, uri)
			continue
		}
		b, err := os.ReadFile(filepath.Join(root, strings.TrimLeft(name, "/")))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 0 && !strings.HasPrefix(f[0], "#") {
				uris = append(uris, f[0])
			}
		}
	}
	return uris
}

// debianRoot tells whether a URI can be the root of a Debian archive: one we
// can fetch from, whose last element is "debian", "debian-security" or the
// like, or a time of the snapshot archive.
func debianRoot(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || !slices.Contains([]string{"http", "https", "file"}, u.Scheme) {
		return false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	last := parts[len(parts)-1]
	if strings.HasPrefix(last, "debian") {
		return true
	}
	return len(parts) >= 3 && parts[len(parts)-3] == "archive" && strings.HasPrefix(parts[len(parts)-2], "debian")
}
