// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Counts what the sockets of a cgroup send and receive, per direction and IP
 * version, in storage that the kernel keeps with the cgroup.
 *
 * Sizes are skb->len: the whole IP packet as the hook sees it, headers
 * included, in 64 bits. The length fields inside the packet will not do: IPv6's
 * leaves out its own header and both are zero in packets above 64 KiB, which
 * loopback makes without being asked.
 *
 * The IP version is skb->protocol. skb->family is the socket's: it says IPv6
 * for the IPv4 packets of a dual-stack socket, and does not load on 4.19.
 */
#include "base.h"
#include "cgroup_storage.h"
#include "inet.h"
#include "map.h"
#include "skb.h"

/*
 * What a program may learn of segmentation offload. The verifier refuses fields
 * that its kernel does not know, so the loader takes the best set that loads.
 */
enum gso {
	GSO_UNKNOWN,  /* before 5.1 */
	GSO_SEGS,     /* 5.1 */
	GSO_SIZE,     /* 5.7: also packets whose sender left gso_segs zero */
};

/*
 * Segments and their headers are kept as what comes on top of packets and
 * bytes, so that a packet that is not segmented costs two additions, not four.
 */
struct tally {
	__u64 packets;
	__u64 bytes;
	__u64 extra_segments;
	__u64 extra_bytes;
};

struct family {
	struct tally ipv4;
	struct tally ipv6;
};

struct account {
	struct family ingress;
	struct family egress;
};

/*
 * The loader chooses for the running kernel: type CGROUP_STORAGE where the
 * per-CPU one is unknown, one map for each program where programs cannot share
 * one, and a key of eight bytes where both directions can share a value.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, struct account);
} account SEC(".maps");

/*
 * What the sockets of each cgroup itself account for, by its id, below a cgroup
 * that a "ledger" program is attached to. Cgroup storage begins when somebody
 * attaches to a cgroup, some time after it was made, and ends with it: what was
 * sent before and read too late is here.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct account);
} ledger SEC(".maps");

/* What one packet counts. */
struct size {
	__u64 bytes;
	__u64 extra_segments;
	__u64 extra_bytes;
	int v6;
};

/*
 * Atomic, even in per-CPU storage: a task in this program may be interrupted by
 * a softirq, or since 5.12 preempted by a task, that runs it on the same CPU.
 */
#define add(counter, n) __sync_fetch_and_add(counter, n)

/* The length of the IPv4 header, in bytes; *l4 becomes the protocol after it. */
static __always_inline __u32 ipv4_header(struct __sk_buff *skb, __u8 *l4)
{
	__u8 ihl;

	if (bpf_skb_load_bytes(skb, 0, &ihl, 1) || bpf_skb_load_bytes(skb, 9, l4, 1))
		return 0;
	return (ihl & 0xf) * 4;
}

/*
 * The length of the IPv6 header with its extensions, in bytes. *jumbo becomes
 * the length of the hop-by-hop header that BIG TCP inserts and takes out again
 * before the wire.
 */
static __always_inline __u32 ipv6_header(struct __sk_buff *skb, __u8 *l4, __u32 *jumbo)
{
	__u32 len = IPV6_HLEN;
	__u16 payload_len;
	__u8 ext[2];

	if (bpf_skb_load_bytes(skb, 4, &payload_len, 2) || bpf_skb_load_bytes(skb, 6, l4, 1))
		return 0;
	if (payload_len == 0 && *l4 == IPPROTO_HOPOPTS)
		*jumbo = 8;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		if (*l4 != IPPROTO_HOPOPTS && *l4 != IPPROTO_ROUTING && *l4 != IPPROTO_DSTOPTS)
			break;
		if (bpf_skb_load_bytes(skb, len, ext, 2))
			return 0;
		*l4 = ext[0];
		len += (ext[1] + 1) * 8;
	}
	return len;
}

/* The length of the transport header at off, in bytes; 0 when it is not known. */
static __always_inline __u32 l4_header(struct __sk_buff *skb, __u32 off, __u8 l4)
{
	__u8 doff;

	if (l4 == IPPROTO_UDP)
		return UDP_HLEN;
	if (l4 != IPPROTO_TCP || bpf_skb_load_bytes(skb, off + 12, &doff, 1))
		return 0;
	return (doff >> 4) * 4;
}

/* Measures what segmentation will make, or receive offload has unmade, of skb. */
static __always_inline void measure_segments(struct __sk_buff *skb, struct size *s,
					     const enum gso gso)
{
	__u32 segs = skb->gso_segs, size = 0, headers, jumbo = 0;
	__u8 l4 = 0;

	if (gso == GSO_SIZE)
		size = skb->gso_size;
	if (segs <= 1 && size == 0)
		return;
	headers = s->v6 ? ipv6_header(skb, &l4, &jumbo) : ipv4_header(skb, &l4);
	headers += l4_header(skb, headers, l4);
	/* A virtual NIC's sender states the size alone (SKB_GSO_DODGY). */
	if (segs == 0 && size != 0)
		segs = (skb->len - headers + size - 1) / size;
	if (segs <= 1)
		return;
	s->extra_segments = segs - 1;
	s->extra_bytes = (__u64)(segs - 1) * (headers - jumbo) - jumbo;
}

/*
 * Bytes before packets, while a reader copies packets before bytes: so it never
 * sees a packet without its bytes.
 */
static __always_inline void count(struct family *f, const struct size *s)
{
	struct tally *t = s->v6 ? &f->ipv6 : &f->ipv4;

	if (s->extra_segments) {
		add(&t->extra_bytes, s->extra_bytes);
		add(&t->extra_segments, s->extra_segments);
	}
	add(&t->bytes, s->bytes);
	add(&t->packets, 1);
}

/* The entry of the socket's own cgroup; NULL when there is no room. */
static __always_inline struct account *own(struct __sk_buff *skb)
{
	__u64 id = bpf_skb_cgroup_id(skb);
	struct account *a = bpf_map_lookup_elem(&ledger, &id);

	if (!a) {
		struct account zero = {};

		bpf_map_update_elem(&ledger, &id, &zero, BPF_NOEXIST);
		a = bpf_map_lookup_elem(&ledger, &id);
	}
	return a;
}

enum direction { INGRESS, EGRESS };

#define family_of(a, direction) ((direction) == INGRESS ? &(a)->ingress : &(a)->egress)

/* Returns 1, "let it pass", whatever happens: accounting is no firewall. */
static __always_inline int account_for(struct __sk_buff *skb, const enum direction direction,
				       const enum gso gso, const int with_ledger)
{
	struct account *a = bpf_get_local_storage(&account, 0);
	struct size size = {
		.bytes = skb->len,
		.v6 = skb->protocol == bpf_htons(ETH_P_IPV6),
	};

	if (gso != GSO_UNKNOWN)
		measure_segments(skb, &size, gso);
	count(family_of(a, direction), &size);
	if (with_ledger) {
		a = own(skb);
		if (a)
			count(family_of(a, direction), &size);
	}
	return 1;
}

#define PROGRAMS(suffix, gso, with_ledger)                              \
	SEC("cgroup_skb/ingress") int ingress_##suffix(struct __sk_buff *skb) \
	{                                                                \
		return account_for(skb, INGRESS, gso, with_ledger);      \
	}                                                                \
	SEC("cgroup_skb/egress") int egress_##suffix(struct __sk_buff *skb) \
	{                                                                \
		return account_for(skb, EGRESS, gso, with_ledger);       \
	}

PROGRAMS(gso_size, GSO_SIZE, 0)
PROGRAMS(gso_segs, GSO_SEGS, 0)
PROGRAMS(plain, GSO_UNKNOWN, 0)

/* bpf_skb_cgroup_id may be called from cgroup_skb since 5.3, 4ecabd55c904. */
PROGRAMS(gso_size_ledger, GSO_SIZE, 1)
PROGRAMS(gso_segs_ledger, GSO_SEGS, 1)
PROGRAMS(plain_ledger, GSO_UNKNOWN, 1)

/* No helper used here asks for the GPL. */
char _license[] SEC("license") = "Dual BSD/GPL";
