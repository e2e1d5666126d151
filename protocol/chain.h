/* SPDX-License-Identifier: MIT */

/* pNext chains. */

#ifndef TONGS_CHAIN_H
#define TONGS_CHAIN_H

#include <stdint.h>

/* The first struct of the chain whose sType is `stype`, a VkStructureType; NULL if there is none.
 * `chain` is the first struct of the chain, or NULL. */
const void *
tongs_find_in_chain(const void *chain, int32_t stype);

/* The same in a chain of structs that the caller may write. */
static inline void *
tongs_find_in_output_chain(void *chain, int32_t stype)
{
   return (void *)tongs_find_in_chain(chain, stype);
}

#endif
