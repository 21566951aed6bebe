package feature

import "github.com/cilium/ebpf/features"

var attachments = []Feature{
	{"kprobe_multi", "one link of a program to many functions", "5.18", "0dcac2725406", bpf("link of type kprobe_multi", features.HaveBPFLinkKprobeMulti)},
	{"uprobe_multi", "one link of a program to many places in a binary", "6.6", "89ae89f53d20", bpf("link of type uprobe_multi", features.HaveBPFLinkUprobeMulti)},
}
