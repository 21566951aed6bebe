package report

// clean takes out of names and reasons what no HTML document may have: control
// characters. The texts are cleaned as they are shortened.
func (v *view) clean() {
	fix := func(all ...*string) {
		for _, s := range all {
			*s = stripControls(*s)
		}
	}
	h := v.head
	fix(&h.Tool.Name, &h.Tool.Version, &h.Shard)
	for i := range v.kernels {
		k := &v.kernels[i]
		fix(&k.Name, &k.Release, &k.Version, &k.Source, &k.Digest, &k.Accel, &k.Reason)
	}
	for i := range v.cells {
		c := &v.cells[i]
		fix(&c.Target, &c.Case, &c.Kernel, &c.Release, &c.Reason, &c.Shape, &c.Bundle, (*string)(&c.Verdict), (*string)(&c.Load))
		if c.Subject != nil {
			c.Subject = &Subject{stripControls(c.Subject.Name), stripControls(c.Subject.SHA256)}
		}
	}
	for i := range v.targets {
		t := &v.targets[i]
		fix(&t.name)
		for j := range t.rows {
			fix(&t.rows[j].target, &t.rows[j].name)
		}
	}
}
