package feature

var kernel = []Feature{
	{"btf_vmlinux", "the kernel's own type information", "5.4", "341dfcf8d78e", file("/sys/kernel/btf/vmlinux")},
}
