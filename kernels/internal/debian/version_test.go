package debian

import "testing"

func TestCompareVersions(t *testing.T) {
	// In ascending order. Checked against dpkg --compare-versions.
	for _, order := range [][]string{
		{"4.19.316-1", "5.10.9-1", "5.10.223-1", "5.10.262-1", "6.1.192-1", "6.1.192-2"},
		{"7.2.12-1~bpo13+1", "7.2.12-1", "7.2.13-1"},
		{"7.3~rc7-1~exp1", "7.3~rc7-1", "7.3~rc10-1", "7.3-1~exp1", "7.3-1", "7.3.1-1"},
		{"6.12.117-1~deb12u1", "6.12.117-1", "6.12.117-1+b1"},
		{"1.0~~", "1.0~", "1.0", "1.0a", "1.0+", "1.0.1"},
		{"9", "1:0", "1:1-1", "2:0"},
		{"1.001", "1.2", "1.010"},
	} {
		for i, a := range order {
			for j, b := range order {
				want := 0
				if i < j {
					want = -1
				} else if i > j {
					want = 1
				}
				if got := CompareVersions(a, b); got != want {
					t.Errorf("CompareVersions(%q, %q) = %d, want %d", a, b, got, want)
				}
			}
		}
	}
	if CompareVersions("0:1.0-1", "1.00-1") != 0 {
		t.Error("0:1.0-1 and 1.00-1 differ")
	}
}

func TestUpstream(t *testing.T) {
	for version, want := range map[string]string{"6.12.107-1": "6.12.107", "7.3~rc7-1~exp1": "7.3~rc7", "1:2.3-4-5": "2.3-4", "6.1": "6.1"} {
		if got := Upstream(version); got != want {
			t.Errorf("Upstream(%q) = %q, want %q", version, got, want)
		}
	}
}
