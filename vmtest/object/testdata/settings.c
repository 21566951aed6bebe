// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

extern bool CONFIG_NO_SUCH_SETTING __kconfig;

SEC("raw_tracepoint/sys_enter") int no_setting(void *ctx)
{
	return CONFIG_NO_SUCH_SETTING;
}

GPL;
