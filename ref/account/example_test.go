package account_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/assay-lab/assay/ref/account"
)

// Print every second what a service has received over IPv6.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	m, err := account.Load(account.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	c, err := m.Attach("/sys/fs/cgroup/system.slice/nginx.service")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		got, err := c.Read()
		if err != nil {
			log.Fatal(err) // account.ErrGone when the service was stopped
		}
		fmt.Println(got.Ingress.IPv6.Bytes, "bytes in", got.Ingress.IPv6.Packets, "packets")
	}
}
