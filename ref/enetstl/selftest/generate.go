package selftest

//go:generate ../../../scripts/bpf2go -no-global-types pure ../../../bpf/enetstl_pure.bpf.c
//go:generate ../../../scripts/bpf2go -no-global-types memory ../../../bpf/enetstl_memory.bpf.c
