/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * struct __sk_buff, the view of a packet that socket, cgroup and traffic
 * control programs get. UAPI, <linux/bpf.h>: offsets never change, fields are
 * only added at the end, and the verifier decides by offset and program type
 * which of them may be read.
 */
#ifndef ASSAY_SKB_H
#define ASSAY_SKB_H

#include "base.h"

struct __sk_buff {
	__u32 len;
	__u32 pkt_type;
	__u32 mark;
	__u32 queue_mapping;
	__u32 protocol;
	__u32 vlan_present;
	__u32 vlan_tci;
	__u32 vlan_proto;
	__u32 priority;
	__u32 ingress_ifindex;
	__u32 ifindex;
	__u32 tc_index;
	__u32 cb[5];
	__u32 hash;
	__u32 tc_classid;
	__u32 data;
	__u32 data_end;
	__u32 napi_id;
	__u32 family;
	__u32 remote_ip4;
	__u32 local_ip4;
	__u32 remote_ip6[4];
	__u32 local_ip6[4];
	__u32 remote_port;
	__u32 local_port;
	__u32 data_meta;
	__u64 flow_keys;
	__u64 tstamp;
	__u32 wire_len;
	__u32 gso_segs; /* Linux 5.1, d9ff286a0f59 */
	__u64 sk;
	__u32 gso_size; /* Linux 5.7, cf62089b0edd */
};

/* Copies len bytes from offset, linear or not. 0, or a negative errno. */
static long (*bpf_skb_load_bytes)(const void *skb, __u32 offset, void *to,
				  __u32 len) = (void *)26;

/*
 * The id of the cgroup that the packet's socket was created in, or 0 without a
 * full socket. Linux 4.18; in cgroup_skb programs 5.3.
 */
static __u64 (*bpf_skb_cgroup_id)(void *skb) = (void *)79;

#endif
