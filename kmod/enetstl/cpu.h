/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this CPU can do, decided when the module is loaded. The keys are jumps in the
 * code that are rewritten once, so asking costs nothing.
 */
#ifndef ENETSTL_CPU_H
#define ENETSTL_CPU_H

#include <linux/jump_label.h>

DECLARE_STATIC_KEY_FALSE(en_has_crc32c);
DECLARE_STATIC_KEY_FALSE(en_has_bmi2);
DECLARE_STATIC_KEY_FALSE(en_has_avx2);

void en_cpu_init(void);

#endif
