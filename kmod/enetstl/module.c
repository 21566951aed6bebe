// SPDX-License-Identifier: GPL-2.0
/* eNetSTL as a module: loaded whole or not at all. */
#include <linux/init.h>
#include <linux/module.h>

#include "cpu.h"
#include "module.h"
#include "object.h"

static int __init en_init(void)
{
	int err;

	en_cpu_init();
	en_hash_init();
	en_random_init();
	err = en_objects_init();
	if (err)
		return err;
	err = en_kfuncs_register();
	if (err)
		en_objects_exit();
	return err;
}

static void __exit en_exit(void)
{
	en_objects_exit();
}

module_init(en_init);
module_exit(en_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("eNetSTL: kfuncs for network functions in BPF");
