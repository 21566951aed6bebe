// SPDX-License-Identifier: GPL-2.0
/* What programs may call, from where, and what the verifier has to know of it. */
#include <linux/module.h>

#include "compat.h"
#include "enetstl.h"
#include "module.h"

#define EN_NEW (KF_ACQUIRE | KF_RET_NULL | KF_SLEEPABLE)
#define EN_SHARE (KF_ACQUIRE | KF_TRUSTED_ARGS)
#define EN_FIND (KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS)

BTF_KFUNCS_START(en_kfuncs)
BTF_ID_FLAGS(func, bpf_en_live)
BTF_ID_FLAGS(func, bpf_en_cpu)

BTF_ID_FLAGS(func, bpf_en_proxy_new, EN_NEW)
BTF_ID_FLAGS(func, bpf_en_proxy_share, EN_SHARE)
BTF_ID_FLAGS(func, bpf_en_proxy_release, KF_RELEASE)
BTF_ID_FLAGS(func, bpf_en_proxy_count, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_node_new, EN_FIND)
BTF_ID_FLAGS(func, bpf_en_node_release, KF_RELEASE)
BTF_ID_FLAGS(func, bpf_en_node_id, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_node_at, EN_FIND)
BTF_ID_FLAGS(func, bpf_en_node_nth, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_node_remove, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_node_write, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_node_link, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_node_next, EN_FIND)
BTF_ID_FLAGS(func, bpf_en_node_hop, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_node_read, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_root_set, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_root_get, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_ordered_find, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_ordered_get, EN_FIND)
BTF_ID_FLAGS(func, bpf_en_ordered_seek, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_ordered_put, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_ordered_delete, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_ranked_push, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_ranked_pop, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_ranked_pop_due, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_ranked_peek, KF_TRUSTED_ARGS)

BTF_ID_FLAGS(func, bpf_en_ffs)
BTF_ID_FLAGS(func, bpf_en_fls)
BTF_ID_FLAGS(func, bpf_en_popcount)
BTF_ID_FLAGS(func, bpf_en_tzcnt)
BTF_ID_FLAGS(func, bpf_en_lzcnt)
BTF_ID_FLAGS(func, bpf_en_pdep)
BTF_ID_FLAGS(func, bpf_en_pext)
BTF_ID_FLAGS(func, bpf_en_tree_set)
BTF_ID_FLAGS(func, bpf_en_tree_clear)
BTF_ID_FLAGS(func, bpf_en_tree_first)

BTF_ID_FLAGS(func, bpf_en_crc32c)
BTF_ID_FLAGS(func, bpf_en_hash)
BTF_ID_FLAGS(func, bpf_en_hash_lanes)
BTF_ID_FLAGS(func, bpf_en_hash_count)
BTF_ID_FLAGS(func, bpf_en_hash_count_min)
BTF_ID_FLAGS(func, bpf_en_hash_min)
BTF_ID_FLAGS(func, bpf_en_hash_set)
BTF_ID_FLAGS(func, bpf_en_hash_test)
BTF_ID_FLAGS(func, bpf_en_hash_or)
BTF_ID_FLAGS(func, bpf_en_hash_and)
BTF_ID_FLAGS(func, bpf_en_hash_place)
BTF_ID_FLAGS(func, bpf_en_hash_other)
BTF_ID_FLAGS(func, bpf_en_hash_find)

BTF_ID_FLAGS(func, bpf_en_find_u16)
BTF_ID_FLAGS(func, bpf_en_find_u32)
BTF_ID_FLAGS(func, bpf_en_mask_u16)
BTF_ID_FLAGS(func, bpf_en_mask_u32)
BTF_ID_FLAGS(func, bpf_en_equal)
BTF_ID_FLAGS(func, bpf_en_min_u16)
BTF_ID_FLAGS(func, bpf_en_max_u16)
BTF_ID_FLAGS(func, bpf_en_min_u32)
BTF_ID_FLAGS(func, bpf_en_max_u32)

BTF_ID_FLAGS(func, bpf_en_buckets_new, EN_NEW)
BTF_ID_FLAGS(func, bpf_en_buckets_share, EN_SHARE)
BTF_ID_FLAGS(func, bpf_en_buckets_release, KF_RELEASE)
BTF_ID_FLAGS(func, bpf_en_buckets_push, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_buckets_push_front, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_buckets_pop, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_buckets_pop_first, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_buckets_first, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_buckets_move, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_buckets_count, KF_TRUSTED_ARGS)

BTF_ID_FLAGS(func, bpf_en_random_new, EN_NEW)
BTF_ID_FLAGS(func, bpf_en_random_share, EN_SHARE)
BTF_ID_FLAGS(func, bpf_en_random_release, KF_RELEASE)
BTF_ID_FLAGS(func, bpf_en_random_u32, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_random_geometric, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, bpf_en_random_sample, KF_TRUSTED_ARGS)
BTF_KFUNCS_END(en_kfuncs)

static const struct btf_kfunc_id_set en_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &en_kfuncs,
};

/* Structs, each followed by what the kernel calls for those left in a map. */
BTF_ID_LIST(en_dtor_ids)
BTF_ID(struct, en_proxy)
BTF_ID(func, bpf_en_proxy_dtor)
BTF_ID(struct, en_node)
BTF_ID(func, bpf_en_node_dtor)
BTF_ID(struct, en_buckets)
BTF_ID(func, bpf_en_buckets_dtor)
BTF_ID(struct, en_random)
BTF_ID(func, bpf_en_random_dtor)

#define EN_DTORS 4

int en_kfuncs_register(void)
{
	static const enum bpf_prog_type types[] = {
		BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS,
		BPF_PROG_TYPE_SYSCALL, BPF_PROG_TYPE_TRACING,
	};
	struct btf_id_dtor_kfunc dtors[EN_DTORS];
	int i, err;

	for (i = 0; i < EN_DTORS; i++) {
		dtors[i].btf_id = en_dtor_ids[2 * i];
		dtors[i].kfunc_btf_id = en_dtor_ids[2 * i + 1];
	}
	err = register_btf_id_dtor_kfuncs(dtors, EN_DTORS, THIS_MODULE);
	for (i = 0; !err && i < ARRAY_SIZE(types); i++)
		err = register_btf_kfunc_id_set(types[i], &en_kfunc_set);
	return err;
}
