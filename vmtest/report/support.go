package report

// Support says which kernels accept a program.
type Support struct {
	Target, Case string
	// Oldest is the name of the oldest kernel that accepts it; empty if none does.
	Oldest string
	// Stops are the kernels that do not, from the oldest, those newer than
	// Oldest too.
	Stops []Stop
}

// A Stop is a kernel that does not accept a program, and why.
type Stop struct {
	Kernel, Reason string
	// Newer tells that an older kernel does accept it.
	Newer bool
}

// Support returns for every program which kernels accept it. Kernels on which it
// was not attempted say nothing.
func (r *Report) Support() []Support { return r.view().support() }

func (v *view) support() (all []Support) {
	for _, row := range v.rows() {
		s := Support{Target: row.target, Case: row.name}
		program := false
		for i, c := range row.cells {
			if c == nil || c.Load == "" {
				continue
			}
			program = true
			switch {
			case c.Load == Accepted && s.Oldest == "":
				s.Oldest = v.kernels[i].Name
			case c.Load == Rejected:
				s.Stops = append(s.Stops, Stop{v.kernels[i].Name, oneLine(c.Reason), s.Oldest != ""})
			}
		}
		if program {
			all = append(all, s)
		}
	}
	return all
}

// String says it in one line, without the program's name.
func (s *Support) String() string {
	text := "no kernel accepts it"
	if s.Oldest != "" {
		text = "from " + s.Oldest
	}
	for i := 0; i < len(s.Stops); {
		j := i // of a run of kernels with the same reason
		for j+1 < len(s.Stops) && s.Stops[j+1].Reason == s.Stops[i].Reason && s.Stops[j+1].Newer == s.Stops[i].Newer {
			j++
		}
		text += "; "
		if s.Stops[i].Newer {
			text += "but not "
		}
		text += s.Stops[i].Kernel
		if j > i {
			text += "…" + s.Stops[j].Kernel
		}
		text += ": " + s.Stops[i].Reason
		i = j + 1
	}
	return text
}
