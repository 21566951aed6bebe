package main

import (
	"flag"
	"os"
	"testing"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/suite"
)

var update = flag.Bool("update", false, "make what came out the expected output, in the scenarios' files")

func TestMain(m *testing.M) { vmtest.Main(m, roles()) }

// TestMatrix is the reference suite on every kernel: TestMatrix/KERNEL/SCENARIO.
func TestMatrix(t *testing.T) {
	s, err := suite.Read("reference", os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	s.Dir, s.Update = "testdata", *update
	payload, err := suite.Payload(commandName)
	if err != nil {
		t.Fatal(err)
	}
	store, err := kernels.Open("")
	if err != nil {
		t.Fatal(err)
	}
	s.Bringers = suite.Bringers(store, kernels.GetOptions{}, payload)
	vmtest.Matrix(t, vmtest.MatrixOptions{Cases: s.Cases(), Payload: payload})
}
