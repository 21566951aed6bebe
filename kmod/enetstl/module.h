/* SPDX-License-Identifier: GPL-2.0 */
/* What the module does when it is loaded. */
#ifndef ENETSTL_MODULE_H
#define ENETSTL_MODULE_H

void en_hash_init(void);
void en_random_init(void);
int en_kfuncs_register(void);

/* Destructors: called by the kernel, by id, for kptrs that are left in a map. */
void bpf_en_proxy_dtor(void *proxy);
void bpf_en_node_dtor(void *node);
void bpf_en_buckets_dtor(void *buckets);
void bpf_en_random_dtor(void *pool);

#endif
