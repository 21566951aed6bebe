package debian

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Universe is all packages of some suites. The zero value is empty.
type Universe struct {
	named    map[string][]Found
	provided map[string][]Found // by the names of virtual packages
}

// Found is a package that an index lists.
type Found struct {
	Name, Version string
	Package
	depends string
}

// A MissingError names packages that are in none of the suites.
type MissingError struct{ Names []string }

func (e *MissingError) Error() string { return "no package " + strings.Join(e.Names, ", ") }

// Add takes in all packages that an index lists.
func (u *Universe) Add(x *Index) error {
	records, err := x.Records(func(string) bool { return true })
	if err != nil {
		return err
	}
	if u.named == nil {
		u.named, u.provided = map[string][]Found{}, map[string][]Found{}
	}
	for i := range records {
		r := &records[i]
		p, err := r.pkg(x.Suite.Archive())
		if err != nil {
			return err
		}
		f := Found{r.Name, r.Version, p, r.Depends}
		u.named[r.Name] = append(u.named[r.Name], f)
		for virtual := range strings.SplitSeq(r.Provides, ",") {
			name, _, _ := strings.Cut(dependency(virtual), "=")
			u.provided[name] = append(u.provided[name], f)
		}
	}
	return nil
}

// find returns the newest package of a name, or the one of the version that the
// name states, "name=version"; if there is none, the newest that provides the
// name.
func (u *Universe) find(name string) (Found, bool) {
	name, version, exact := strings.Cut(name, "=")
	var best Found
	found := false
	for _, list := range [][]Found{u.named[name], u.provided[name]} {
		for _, p := range list {
			if exact && p.Name == name && p.Version != version {
				continue
			}
			if !found || CompareVersions(p.Version, best.Version) > 0 {
				best, found = p, true
			}
		}
		if found {
			break
		}
	}
	return best, found
}

// Resolve returns the named packages, and those they depend on as far as
// follow, which may be nil, says; sorted by name. A *MissingError names those
// that are not there. Versions that dependencies ask for are honoured if they
// are exact; of other relations, the newest is taken to satisfy them.
func (u *Universe) Resolve(names []string, follow func(string) bool) ([]Found, error) {
	taken := map[string]Found{}
	var missing []string
	for queue := slices.Clone(names); len(queue) > 0; queue = queue[1:] {
		p, ok := u.find(queue[0])
		if !ok {
			if !slices.Contains(missing, queue[0]) {
				missing = append(missing, queue[0])
			}
			continue
		}
		if _, ok := taken[p.Name]; ok {
			continue
		}
		taken[p.Name] = p
		if follow != nil {
			queue = append(queue, u.dependencies(p, follow)...)
		}
	}
	if len(missing) > 0 {
		return nil, &MissingError{missing}
	}
	var all []Found
	for _, name := range slices.Sorted(maps.Keys(taken)) {
		all = append(all, taken[name])
	}
	return all, nil
}

// dependencies returns what a package depends on, as far as follow says. Of
// alternatives, it is the first that there is; else the first, to be missed.
func (u *Universe) dependencies(p Found, follow func(string) bool) []string {
	var names []string
	for clause := range strings.SplitSeq(p.depends, ",") {
		var first string
		for alternative := range strings.SplitSeq(clause, "|") {
			name := dependency(alternative)
			base, _, _ := strings.Cut(name, "=")
			if base == "" || !follow(base) {
				continue
			}
			if first == "" {
				first = name
			}
			if _, ok := u.find(name); ok {
				first = name
				break
			}
		}
		if first != "" {
			names = append(names, first)
		}
	}
	return names
}

// dependency reads "name:any (= version)" as find takes it.
func dependency(s string) string {
	name, rest, _ := strings.Cut(strings.TrimSpace(s), " ")
	name, _, _ = strings.Cut(name, ":")
	if version, ok := strings.CutPrefix(strings.Trim(rest, "() "), "= "); ok {
		return fmt.Sprintf("%s=%s", name, version)
	}
	return name
}
