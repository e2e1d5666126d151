/* SPDX-License-Identifier: MIT */
#ifndef ICD_HANDSHAKE_H
#define ICD_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct icd_transport;
struct tongs_peer;

/* Exchanges hellos (docs/wire.md, "Handshake") over a new transport. The other side must have
 * answered when tongs_now_ns() reaches `deadline`. False on failure or if the server refuses, with
 * a sentence in `why`. */
bool
icd_shake_hands(struct icd_transport *t, int64_t deadline, struct tongs_peer *peer, char *why,
                size_t why_size);

/* The highest Vulkan version of which the peer knows all core commands as we do, with one that it
 * does not know in *missing (unchanged: none). 0: it lacks one of Vulkan 1.0. */
uint32_t
icd_core_version(const struct tongs_peer *peer, uint16_t *missing);

#endif
