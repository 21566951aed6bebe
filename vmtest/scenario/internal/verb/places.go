package verb

import "strings"

var places = []Verb{
	{"netns", "NAME…", "Make network namespaces, each with its loopback up.", 1, -1, runNetns},
	{"cgroup", "[-rm] NAME…", "Make, or remove, cgroups inside the scenario's own, $CGROUP: a, then a/b.", 1, -1, runCgroup},
	{"in", "[NETNS][@CGROUP]", "From here on, verbs and programs act there; in alone returns.", 0, 1, runIn},
}

func runNetns(s *State, args []string) error {
	for _, name := range args {
		if err := s.World.AddNetns(name); err != nil {
			return err
		}
	}
	return nil
}

func runCgroup(s *State, args []string) error {
	act := s.World.AddCgroup
	if args[0] == "-rm" {
		act, args = s.World.RemoveCgroup, args[1:]
	}
	if len(args) == 0 {
		return usagef("want the name of a cgroup")
	}
	for _, name := range args {
		if err := act(name); err != nil {
			return err
		}
	}
	return nil
}

func runIn(s *State, args []string) error {
	if len(args) == 0 {
		return s.World.Go("", "")
	}
	netns, cgroup, _ := strings.Cut(args[0], "@")
	return s.World.Go(netns, cgroup)
}
