package track_test

import (
	"fmt"
	"log"
	"time"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/track"
)

// Print what all services have sent in a minute, also those that ended.
func Example() {
	m, err := account.Load(account.Options{Ledger: true})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	t, err := track.Start(m, track.Options{Roots: []string{"/sys/fs/cgroup/system.slice"}, Descendants: true})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()

	<-time.After(time.Minute)
	for _, c := range t.Snapshot().Cgroups {
		fmt.Println(c.Name, c.State, c.Counters.Egress.Total().Bytes)
	}
}
