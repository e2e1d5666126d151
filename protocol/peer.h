/* SPDX-License-Identifier: MIT */
#ifndef TONGS_PEER_H
#define TONGS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An op or struct that one side knows: a key (an op's number, a struct's sType) and a hash of its
 * wire format. */
struct tongs_signature {
   uint32_t key;
   uint32_t signature;
};

#endif
