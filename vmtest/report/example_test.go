package report_test

import (
	"os"

	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/report"
)

func Example() {
	r := report.New(report.Tool{Name: "assay", Version: "v1.0.0"}, report.Host{})
	r.AddKernel(report.Kernel{Name: "7.3", Reason: "not in the cache"})
	r.Add(report.Cell{Target: "reference", Case: "xdp_drop", Kernel: "6.12", Verdict: vmtest.Pass})
	r.Add(report.Cell{Target: "reference", Case: "xdp_drop", Kernel: "5.10", Verdict: vmtest.Hang, Reason: "no end within 2m0s"})
	r.Add(report.Cell{Target: "reference", Case: "tcx_order", Kernel: "6.12", Verdict: vmtest.Pass})
	r.Add(report.Cell{Target: "reference", Case: "tcx_order", Kernel: "5.10", Verdict: vmtest.Unsupported, Reason: "lacks tcx"})
	_ = r.WriteTable(os.Stdout, report.TableOptions{})
	// Output:
	// reference  5.10   6.12
	// tcx_order  unsup  pass
	// xdp_drop   hang   pass
	//
	// Fell
	//   hang  xdp_drop on 5.10: no end within 2m0s
	//
	// Unsupported, and refused as documented
	//   lacks tcx: tcx_order on 5.10
	//
	// Kernels not run
	//   7.3: not in the cache
	//
	// 1 of 4 cells on 2 of 3 kernels fell: 1 hang, 2 pass, 1 unsupported
}
