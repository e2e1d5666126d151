/* SPDX-License-Identifier: MIT */

/* Compiles pipelines that come as posts on threads of their own, while the decoder goes on. Until a
 * pipeline is made, its slot holds VK_NOT_READY, and the first op that uses it waits. An object
 * from which pipelines are made and which the client destroys meanwhile is destroyed on the host
 * after the compilations that may use it. All functions are for the decoder's thread. */

#ifndef RDR_WORKER_COMPILE_H
#define RDR_WORKER_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rdr_compiles;
struct rdr_context;
struct rdr_device;
struct tongs_slot;

/* NULL if memory is out. */
struct rdr_compiles *
rdr_compiles_create(struct rdr_context *ctx);

/* Decodes the op, a post of `size` bytes with its header, and enters its pipelines. Waits if a
 * limit is reached (rdr_limits.compilations). Ends the connection if the op is malformed. */
void
rdr_compile(struct rdr_compiles *compiles, const uint8_t *bytes, size_t size);

/* Waits until the slot's object is made, if it is a pipeline in compilation. */
void
rdr_wait_compiled(const struct tongs_slot *slot);

/* Waits until all pipelines are made. */
void
rdr_wait_all_compiled(struct rdr_compiles *compiles);

/* Carries out a vkDestroyPipeline if the pipeline is in compilation: it is destroyed once it is
 * made. False for any other pipeline, and for a malformed op. */
bool
rdr_compile_forgets(struct rdr_compiles *compiles, const uint8_t *bytes, size_t size);

/* Called with a host object that is about to be destroyed. True if a compilation may use it: then
 * it is destroyed here, later. */
bool
rdr_compile_defers(struct rdr_compiles *compiles, struct rdr_device *dev, uint8_t type,
                   uint64_t handle);

#endif
