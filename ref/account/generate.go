package account

// Run scripts/generate, which pins the compiler and its flags.
//go:generate go tool bpf2go -target bpfel -type family -type tally account ../../bpf/account.bpf.c
