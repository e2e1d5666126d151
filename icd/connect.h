/* SPDX-License-Identifier: MIT */
#ifndef ICD_CONNECT_H
#define ICD_CONNECT_H

#include <stdbool.h>
#include <stddef.h>

struct icd_virtgpu;
struct tongs_peer;

/* Connects as TONGS_SERVER says; where it is not set, through a virtio-gpu device of ours if there
 * is one, else to a private worker; and shakes hands. Returns the socket, blocking and
 * close-on-exec, with what the other side knows in *peer and the transport's name in *transport; -1
 * on failure, with a sentence in `why`. Through virtio-gpu it is not a socket, but the file of
 * *virtgpu, which is the caller's then, and NULL otherwise. */
int
icd_connect(struct tongs_peer *peer, struct icd_virtgpu **virtgpu, const char **transport,
            char *why, size_t why_size);

/* Whether the transport or TONGS_MEMORY says that nothing is to be shared: the connection's other
 * end is elsewhere, and file descriptors do not get there. */
bool
icd_is_memory_explicit(const char *transport);

#endif
