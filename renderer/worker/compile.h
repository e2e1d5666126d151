/* SPDX-License-Identifier: MIT */

/* Pipelines that come as posts are compiled on threads of their own, and the decoder goes on. Until
 * then their slots hold VK_NOT_READY; the first op that uses one waits for it. What they are made
 * of and is destroyed meanwhile goes when the compilations that may use it are over. All functions
 * are for the decoder's thread. */

#ifndef RDR_WORKER_COMPILE_H
#define RDR_WORKER_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rdr_compiles;
struct rdr_context;
struct rdr_device;
struct tongs_slot;

struct rdr_compiles *
rdr_compiles_create(struct rdr_context *ctx);

/* Decodes the op, a post of `size` bytes with its header, and enters its pipelines. Ends the
 * connection on a malformed one. */
void
rdr_compile(struct rdr_compiles *compiles, const uint8_t *bytes, size_t size);

/* Waits for an object that is not ready. Others are left alone. */
void
rdr_wait_compiled(const struct tongs_slot *slot);

/* Waits for all of them. */
void
rdr_wait_all_compiled(struct rdr_compiles *compiles);

/* Carries out a vkDestroyPipeline of one that is not ready: it is destroyed when it is. False for
 * any other, and a malformed one. */
bool
rdr_compile_forgets(struct rdr_compiles *compiles, const uint8_t *bytes, size_t size);

/* Whether a compilation may use the host's object, which is to be destroyed: then it is destroyed
 * later. */
bool
rdr_compile_defers(struct rdr_compiles *compiles, struct rdr_device *dev, uint8_t type,
                   uint64_t handle);

#endif
