/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Bits of a word. Included by enetstl.h. All are defined for 0, take no locks and
 * run anywhere.
 */
#ifndef ENETSTL_BITS_H
#define ENETSTL_BITS_H

/* Position of the lowest set bit, from 1; 0 if none is. Cost: 6. */
__u32 bpf_en_ffs(__u64 x) EN_KSYM;

/* Position of the highest set bit, from 1; 0 if none is. Cost: 6. */
__u32 bpf_en_fls(__u64 x) EN_KSYM;

/* How many bits are set. Cost: 6. */
__u32 bpf_en_popcount(__u64 x) EN_KSYM;

/* How many zeros are below the lowest set bit; 64 if none is. Cost: 6. */
__u32 bpf_en_tzcnt(__u64 x) EN_KSYM;

/* How many zeros are above the highest set bit; 64 if none is. Cost: 7. */
__u32 bpf_en_lzcnt(__u64 x) EN_KSYM;

/*
 * Deposits the low bits of x at the set bits of mask, lowest first. Cost: 5 with
 * BMI2, else 10 + 7 a bit of mask.
 */
__u64 bpf_en_pdep(__u64 x, __u64 mask) EN_KSYM;

/* Gathers the bits of x at the set bits of mask into the low bits. Cost: as pdep. */
__u64 bpf_en_pext(__u64 x, __u64 mask) EN_KSYM;

/*
 * A tree of bitmaps finds the first of many bits: level 0 has a bit an item, and bit i
 * of each level above tells whether word i of the one below has any. bits is all
 * levels as words of 64 bits, the lowest first, for EN_TREE_BITS(n) items:
 * 1 << n is the number of items, n 6, 12, 18 or 24.
 */
#define EN_TREE_WORDS(n) \
	((n) == 6 ? 1 : (n) == 12 ? 64 + 1 : (n) == 18 ? 4096 + 64 + 1 : 262144 + 4096 + 64 + 1)

/* Sets a bit. -EINVAL: no such bit, or the size is no tree's. Cost: 15 + 6 a level. */
int bpf_en_tree_set(void *bits, __u32 bits__sz, __u32 bit) EN_KSYM;

/* Clears a bit. -EINVAL as above. Cost: 15 + 6 a level. */
int bpf_en_tree_clear(void *bits, __u32 bits__sz, __u32 bit) EN_KSYM;

/*
 * The first set bit that is not less than from. -ENOENT: none is; -EINVAL as above.
 * Cost: 15 + 8 a level.
 */
int bpf_en_tree_first(const void *bits, __u32 bits__sz, __u32 from) EN_KSYM;

#endif
