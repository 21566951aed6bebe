// Command genreadme writes the manual of scenarios to a file.
package main

import (
	"fmt"
	"os"

	"github.com/assay-lab/assay/vmtest/scenario"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: genreadme FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], []byte(scenario.Readme()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
