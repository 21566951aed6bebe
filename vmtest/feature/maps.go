package feature

import (
	"errors"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Versions and commits: isovalent/ebpf-docs, data/feature-versions.yaml, checked
// against kernel sources where they disagreed with others.
var maps = []Feature{
	{"arena", "map of memory that programs and user space share by pointers", "6.9", "317460317a02", mapType(ebpf.Arena)},
	{"bloom_filter", "map that tells what is surely not in a set", "5.16", "9330986c0300", mapType(ebpf.BloomFilter)},
	{"cgroup_storage", "value per cgroup and attach type, shared by the CPUs", "4.19", "de9cbbaadba5", mapType(ebpf.CGroupStorage)},
	{"cgroup_storage_shared", "cgroup storage with a key of 8 bytes, shared by attach types", "5.9", "7d9c3427894f", newMap("key of 8 bytes", ebpf.MapSpec{Type: ebpf.CGroupStorage, KeySize: 8, ValueSize: 8})},
	{"cgrp_storage", "value per cgroup for programs of any type", "6.2", "c4bcfb38a95e", mapType(ebpf.CgroupStorage)},
	{"cpumap", "map to redirect frames to another CPU with", "4.15", "6710e1126934", mapType(ebpf.CPUMap)},
	{"cpumap_prog", "program that a cpumap's entry runs", "5.9", "9216477449f3", newMap("value of 8 bytes", ebpf.MapSpec{Type: ebpf.CPUMap, KeySize: 4, ValueSize: 8, MaxEntries: 1})},
	{"devmap", "map to redirect frames to another device with", "4.14", "546ac1ffb70d", mapType(ebpf.DevMap)},
	{"devmap_hash", "the same with any keys", "5.4", "6f9d451ab1a3", mapType(ebpf.DevMapHash)},
	{"devmap_prog", "program that a devmap's entry runs on egress", "5.8", "fbee97feed9b", newMap("value of 8 bytes", ebpf.MapSpec{Type: ebpf.DevMap, KeySize: 4, ValueSize: 8, MaxEntries: 1})},
	{"inode_storage", "value per inode", "5.10", "8ea636848aca", mapType(ebpf.InodeStorage)},
	{"lpm_trie", "map that finds the longest prefix", "4.11", "b95a5c4db09b", mapType(ebpf.LPMTrie)},
	{"lru_hash", "hash map that forgets what was not used for longest", "4.10", "29ba732acbee", mapType(ebpf.LRUHash)},
	{"map_in_map", "map of maps", "4.12", "56f668dfe00d", mapType(ebpf.ArrayOfMaps)},
	{"map_batch", "reading and writing many elements at once", "5.6", "aa2e93b8e58e", batch},
	{"mmapable_array", "array that user space maps", "5.5", "fc9702273e2e", newMap("flag BPF_F_MMAPABLE", ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: unix.BPF_F_MMAPABLE})},
	{"percpu_cgroup_storage", "value per cgroup, attach type and CPU", "4.20", "b741f1630346", mapType(ebpf.PerCPUCGroupStorage)},
	{"percpu_cgroup_storage_shared", "per-CPU cgroup storage with a key of 8 bytes, shared by attach types", "5.9", "7d9c3427894f", newMap("key of 8 bytes", ebpf.MapSpec{Type: ebpf.PerCPUCGroupStorage, KeySize: 8, ValueSize: 8})},
	{"queue_stack", "maps that are queues and stacks", "4.20", "f1a2e44a3aec", mapType(ebpf.Queue)},
	{"reuseport_sockarray", "map of the sockets that share a port", "4.19", "5dc4c4b7d4e8", mapType(ebpf.ReusePortSockArray)},
	{"ringbuf", "ring buffer to user space that all CPUs share", "5.8", "457f44363a88", mapType(ebpf.RingBuf)},
	{"sk_storage", "value per socket", "5.2", "6ac99e8f23d4", mapType(ebpf.SkStorage)},
	{"sockhash", "map of sockets to redirect to, with any keys", "4.18", "81110384441a", mapType(ebpf.SockHash)},
	{"sockmap", "map of sockets to redirect to", "4.14", "174a79ff9515", mapType(ebpf.SockMap)},
	{"task_storage", "value per task", "5.11", "4cf1bc1f1045", mapType(ebpf.TaskStorage)},
	{"user_ringbuf", "ring buffer from user space", "6.1", "583c1f420173", mapType(ebpf.UserRingbuf)},
	{"xskmap", "map of AF_XDP sockets to redirect to", "4.18", "fbfc504a24f5", mapType(ebpf.XSKMap)},
}

// batch writes and reads two elements, each in one call.
var batch = bpf("batch operations", func() error {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 2})
	if err != nil {
		return err
	}
	_, err = m.BatchUpdate([]uint32{1, 2}, []uint32{3, 4}, nil)
	return errors.Join(err, m.Close())
})
