package account

//go:generate ../../scripts/bpf2go -type family -type tally account ../../bpf/account.bpf.c
