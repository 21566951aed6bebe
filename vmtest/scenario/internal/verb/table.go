package verb

// table lists the verbs in the order of the manual. It is set by init, because
// poll looks verbs up in it.
var table []Verb

func init() {
	table = append(table, header...)
	for _, group := range [][]Verb{places, links, traffics, captures, numbers, documents, machine, bpfs, waits} {
		table = append(table, group...)
	}
}
