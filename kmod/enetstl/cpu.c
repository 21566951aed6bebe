// SPDX-License-Identifier: GPL-2.0
/* What this CPU can do. */
#include <linux/moduleparam.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>

#include "compat.h"
#include "cpu.h"
#include "enetstl.h"

DEFINE_STATIC_KEY_FALSE(en_has_crc32c);
DEFINE_STATIC_KEY_FALSE(en_has_bmi2);
DEFINE_STATIC_KEY_FALSE(en_has_avx2);

static bool plain;
module_param(plain, bool, 0444);
MODULE_PARM_DESC(plain, "use nothing that not every x86-64 CPU has");

void en_cpu_init(void)
{
	if (plain)
		return;
	if (boot_cpu_has(X86_FEATURE_XMM4_2))
		static_branch_enable(&en_has_crc32c);
	if (boot_cpu_has(X86_FEATURE_BMI2))
		static_branch_enable(&en_has_bmi2);
	if (boot_cpu_has(X86_FEATURE_AVX2) &&
	    cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL))
		static_branch_enable(&en_has_avx2);
}

__bpf_kfunc u32 bpf_en_cpu(void)
{
	u32 cpu = 0;

	if (static_branch_likely(&en_has_crc32c))
		cpu |= EN_CPU_CRC32C;
	if (static_branch_likely(&en_has_bmi2))
		cpu |= EN_CPU_BMI2;
	if (static_branch_likely(&en_has_avx2))
		cpu |= EN_CPU_AVX2;
	return cpu;
}
