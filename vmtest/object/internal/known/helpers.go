package known

var helpers = since{text: `
3.18 map_lookup_elem map_update_elem
3.19 map_delete_elem
4.1  probe_read ktime_get_ns trace_printk get_prandom_u32 get_smp_processor_id
4.1  skb_store_bytes l3_csum_replace l4_csum_replace
4.2  tail_call clone_redirect get_current_pid_tgid get_current_uid_gid get_current_comm
4.3  get_cgroup_classid skb_vlan_push skb_vlan_pop skb_get_tunnel_key skb_set_tunnel_key
4.3  perf_event_read
4.4  redirect get_route_realm perf_event_output
4.5  skb_load_bytes
4.6  get_stackid csum_diff skb_get_tunnel_opt skb_set_tunnel_opt
4.8  skb_change_proto skb_change_type skb_under_cgroup get_hash_recalc get_current_task
4.8  probe_write_user
4.9  current_task_under_cgroup skb_change_tail skb_pull_data csum_update set_hash_invalid
4.10 get_numa_node_id skb_change_head xdp_adjust_head
4.11 probe_read_str
4.12 get_socket_cookie get_socket_uid
4.13 set_hash setsockopt skb_adjust_room
4.14 redirect_map sk_redirect_map sock_map_update
4.15 xdp_adjust_meta perf_event_read_value perf_prog_read_value getsockopt
4.16 override_return sock_ops_cb_flags_set
4.17 msg_redirect_map msg_apply_bytes msg_cork_bytes msg_pull_data bind
4.18 xdp_adjust_tail skb_get_xfrm_state get_stack skb_load_bytes_relative fib_lookup
4.18 sock_hash_update msg_redirect_hash sk_redirect_hash lwt_push_encap
4.18 lwt_seg6_store_bytes lwt_seg6_adjust_srh lwt_seg6_action rc_repeat rc_keydown
4.18 skb_cgroup_id get_current_cgroup_id
4.19 get_local_storage sk_select_reuseport skb_ancestor_cgroup_id
4.20 sk_lookup_tcp sk_lookup_udp sk_release map_push_elem map_pop_elem map_peek_elem
4.20 msg_push_data
5.0  msg_pop_data rc_pointer_rel
5.1  spin_lock spin_unlock sk_fullsock tcp_sock skb_ecn_set_ce get_listener_sock
5.2  skc_lookup_tcp tcp_check_syncookie sysctl_get_name sysctl_get_current_value
5.2  sysctl_get_new_value sysctl_set_new_value strtol strtoul sk_storage_get
5.2  sk_storage_delete
5.3  send_signal
5.4  tcp_gen_syncookie
5.5  skb_output probe_read_user probe_read_kernel probe_read_user_str
5.5  probe_read_kernel_str
5.6  tcp_send_ack send_signal_thread jiffies64
5.7  read_branch_records get_ns_current_pid_tgid xdp_output get_netns_cookie
5.7  get_current_ancestor_cgroup_id sk_assign
5.8  ktime_get_boot_ns seq_printf seq_write sk_cgroup_id sk_ancestor_cgroup_id
5.8  ringbuf_output ringbuf_reserve ringbuf_submit ringbuf_discard ringbuf_query
5.8  csum_level
5.9  skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock
5.9  skc_to_udp6_sock get_task_stack
5.10 load_hdr_opt store_hdr_opt reserve_hdr_opt inode_storage_get inode_storage_delete
5.10 d_path copy_from_user snprintf_btf seq_printf_btf skb_cgroup_classid
5.10 redirect_neigh per_cpu_ptr this_cpu_ptr redirect_peer
5.11 task_storage_get task_storage_delete get_current_task_btf bprm_opts_set
5.11 ktime_get_coarse_ns ima_inode_hash sock_from_file
5.12 check_mtu
5.13 for_each_map_elem snprintf
5.14 sys_bpf btf_find_by_name_kind sys_close
5.15 timer_init timer_set_callback timer_start timer_cancel get_func_ip
5.15 get_attach_cookie task_pt_regs
5.16 get_branch_snapshot trace_vprintk skc_to_unix_sock kallsyms_lookup_name
5.17 find_vma loop strncmp get_func_arg get_func_ret get_func_arg_cnt
5.18 get_retval set_retval xdp_get_buff_len xdp_load_bytes xdp_store_bytes
5.18 copy_from_user_task skb_set_tstamp ima_file_hash
5.19 kptr_xchg map_lookup_percpu_elem skc_to_mptcp_sock dynptr_from_mem
5.19 ringbuf_reserve_dynptr ringbuf_submit_dynptr ringbuf_discard_dynptr dynptr_read
5.19 dynptr_write dynptr_data
6.0  tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6
6.0  tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6
6.1  ktime_get_tai_ns user_ringbuf_drain
6.2  cgrp_storage_get cgrp_storage_delete
`}

// Functions of the kernel that programs call. Those of congestion control are older
// than that they can be called.
var functions = since{text: `
5.13 bbr_init bbr_main bbr_sndbuf_expand bbr_undo_cwnd bbr_cwnd_event bbr_ssthresh
5.13 bbr_min_tso_segs bbr_set_state cubictcp_init cubictcp_recalc_ssthresh
5.13 cubictcp_cong_avoid cubictcp_state cubictcp_cwnd_event cubictcp_acked dctcp_init
5.13 dctcp_update_alpha dctcp_cwnd_event dctcp_ssthresh dctcp_cwnd_undo dctcp_state
5.13 tcp_reno_ssthresh tcp_reno_cong_avoid tcp_reno_undo_cwnd tcp_slow_start
5.13 tcp_cong_avoid_ai
5.18 bpf_xdp_ct_lookup bpf_skb_ct_lookup bpf_ct_release
6.0  bpf_xdp_ct_alloc bpf_skb_ct_alloc bpf_ct_insert_entry bpf_ct_set_timeout
6.0  bpf_ct_change_timeout bpf_ct_set_status bpf_ct_change_status
6.1  cgroup_rstat_updated cgroup_rstat_flush bpf_lookup_user_key bpf_lookup_system_key
6.1  bpf_key_put bpf_verify_pkcs7_signature crash_kexec bpf_ct_set_nat_info
6.2  bpf_obj_new_impl bpf_obj_drop_impl bpf_list_pop_front bpf_list_pop_back
6.2  bpf_task_acquire bpf_task_release bpf_cgroup_acquire bpf_cgroup_release
6.2  bpf_cgroup_ancestor bpf_task_from_pid bpf_cast_to_kern_ctx bpf_rdonly_cast
6.2  bpf_rcu_read_lock bpf_rcu_read_unlock bpf_skb_get_xfrm_info bpf_skb_set_xfrm_info
6.3  bpf_cpumask_create bpf_cpumask_release bpf_cpumask_acquire bpf_cpumask_first
6.3  bpf_cpumask_first_zero bpf_cpumask_set_cpu bpf_cpumask_clear_cpu
6.3  bpf_cpumask_test_cpu bpf_cpumask_test_and_set_cpu bpf_cpumask_test_and_clear_cpu
6.3  bpf_cpumask_setall bpf_cpumask_clear bpf_cpumask_and bpf_cpumask_or bpf_cpumask_xor
6.3  bpf_cpumask_equal bpf_cpumask_intersects bpf_cpumask_subset bpf_cpumask_empty
6.3  bpf_cpumask_full bpf_cpumask_copy bpf_rbtree_remove bpf_rbtree_first
6.3  bpf_xdp_metadata_rx_timestamp bpf_xdp_metadata_rx_hash hid_bpf_get_data
6.3  hid_bpf_allocate_context hid_bpf_release_context hid_bpf_hw_request
6.4  bpf_refcount_acquire_impl bpf_list_push_front_impl bpf_list_push_back_impl
6.4  bpf_rbtree_add_impl bpf_cgroup_from_id bpf_dynptr_slice bpf_dynptr_slice_rdwr
6.4  bpf_iter_num_new bpf_iter_num_next bpf_iter_num_destroy bpf_dynptr_from_skb
6.4  bpf_dynptr_from_xdp bpf_skb_set_fou_encap bpf_skb_get_fou_encap
6.5  bpf_cpumask_first_and bpf_cpumask_any_distribute bpf_cpumask_any_and_distribute
6.5  bpf_task_under_cgroup bpf_dynptr_adjust bpf_dynptr_is_null bpf_dynptr_is_rdonly
6.5  bpf_dynptr_size bpf_dynptr_clone bpf_sock_destroy
6.6  bpf_map_sum_elem_count
6.7  bpf_percpu_obj_new_impl bpf_percpu_obj_drop_impl bpf_throw bpf_iter_task_vma_new
6.7  bpf_iter_task_vma_next bpf_iter_task_vma_destroy bpf_iter_css_task_new
6.7  bpf_iter_css_task_next bpf_iter_css_task_destroy bpf_iter_css_new
6.7  bpf_iter_css_next bpf_iter_css_destroy bpf_iter_task_new bpf_iter_task_next
6.7  bpf_iter_task_destroy bpf_sock_addr_set_sun_path
6.8  bpf_get_file_xattr bpf_cpumask_weight bpf_task_get_cgroup1 bpf_get_fsverity_digest
6.8  bpf_xdp_metadata_rx_vlan_tag bpf_xdp_get_xfrm_state bpf_xdp_xfrm_state_release
6.9  bpf_arena_alloc_pages bpf_arena_free_pages
6.10 bpf_wq_init bpf_wq_start bpf_preempt_disable bpf_preempt_enable
6.10 bpf_crypto_ctx_create bpf_crypto_ctx_release bpf_crypto_ctx_acquire
6.10 bpf_crypto_decrypt bpf_crypto_encrypt bpf_session_is_return bpf_session_cookie
6.11 bpf_xdp_flow_lookup
6.16 bpf_iter_dmabuf_new bpf_iter_dmabuf_next bpf_iter_dmabuf_destroy
6.16 bpf_probe_read_user_dynptr bpf_probe_read_kernel_dynptr
6.16 bpf_copy_from_user_dynptr bpf_list_front bpf_list_back bpf_rbtree_root
6.16 bpf_rbtree_left bpf_rbtree_right bpf_skb_get_hash bpf_kfree_skb
6.17 bpf_arena_reserve_pages bpf_dynptr_memset bpf_cgroup_read_xattr bpf_strcmp
6.17 bpf_strnchr bpf_strchr bpf_strchrnul bpf_strrchr bpf_strlen bpf_strspn bpf_strcspn
6.17 bpf_strnstr bpf_strstr
6.18 bpf_dynptr_from_skb_meta bpf_xdp_pull_data
`}

// modules are those that functions are in when the kernel is built as distributions
// do. (net/netfilter, net/xfrm, net/ipv4/fou_bpf.c, net/ipv4/tcp_*.c)
var modules = map[string]string{
	"bpf_xdp_ct_lookup": "nf_conntrack", "bpf_skb_ct_lookup": "nf_conntrack", "bpf_ct_release": "nf_conntrack",
	"bpf_xdp_ct_alloc": "nf_conntrack", "bpf_skb_ct_alloc": "nf_conntrack", "bpf_ct_insert_entry": "nf_conntrack",
	"bpf_ct_set_timeout": "nf_conntrack", "bpf_ct_change_timeout": "nf_conntrack",
	"bpf_ct_set_status": "nf_conntrack", "bpf_ct_change_status": "nf_conntrack",
	"bpf_ct_set_nat_info": "nf_nat", "bpf_xdp_flow_lookup": "nf_flow_table",
	"bpf_skb_get_xfrm_info": "xfrm_interface", "bpf_skb_set_xfrm_info": "xfrm_interface",
	"bpf_skb_set_fou_encap": "fou", "bpf_skb_get_fou_encap": "fou",
	"bbr_init": "tcp_bbr", "bbr_main": "tcp_bbr", "bbr_sndbuf_expand": "tcp_bbr", "bbr_undo_cwnd": "tcp_bbr",
	"bbr_cwnd_event": "tcp_bbr", "bbr_ssthresh": "tcp_bbr", "bbr_min_tso_segs": "tcp_bbr", "bbr_set_state": "tcp_bbr",
	"dctcp_init": "tcp_dctcp", "dctcp_update_alpha": "tcp_dctcp", "dctcp_cwnd_event": "tcp_dctcp",
	"dctcp_ssthresh": "tcp_dctcp", "dctcp_cwnd_undo": "tcp_dctcp", "dctcp_state": "tcp_dctcp",
}

// FunctionModule returns the module that a function of the kernel is in, "" for the
// kernel itself, or if that is not known here.
func FunctionModule(name string) string { return modules[name] }
