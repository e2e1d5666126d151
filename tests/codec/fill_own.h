/* SPDX-License-Identifier: MIT */

/* Makes up what Tongs' own ops carry, the same for the same seed. */

#ifndef FILL_OWN_H
#define FILL_OWN_H

#include "tests/codec/fill.h"

/* A struct tongs_args_* or tongs_reply_*; NULL if the op has none. Ids follow `f->known_ids`. */
void *
fill_own_args(struct fill *f, uint32_t op);

void *
fill_own_reply(struct fill *f, uint32_t op);

#endif
