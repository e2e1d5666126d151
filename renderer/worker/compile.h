/* SPDX-License-Identifier: MIT */

/* Compiles pipelines on separate threads while the decoder continues, if their creation came as a
 * post. Until a pipeline is compiled, its slot holds VK_NOT_READY, and the first op that uses the
 * pipeline waits. If the client destroys an object that a compilation may still use, the host
 * object is destroyed after that compilation. All functions are for the decoder's thread. */

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

/* Decodes the op, a post of `size` bytes including its header, enters its pipelines and starts
 * their compilation. Waits if a limit is reached (rdr_limits.compilations). Ends the connection if
 * the op is malformed. */
void
rdr_compile(struct rdr_compiles *compiles, const uint8_t *bytes, size_t size);

/* If the slot's object is a pipeline in compilation, waits until it is compiled. */
void
rdr_wait_compiled(const struct tongs_slot *slot);

/* Waits until all pipelines are compiled. */
void
rdr_wait_all_compiled(struct rdr_compiles *compiles);

/* Carries out a vkDestroyPipeline of a pipeline in compilation: the pipeline is destroyed as soon
 * as it is compiled. False, with nothing done, for any other pipeline and for a malformed op. */
bool
rdr_compile_forgets(struct rdr_compiles *compiles, const uint8_t *bytes, size_t size);

/* Called before a host object is destroyed. Returns true if a compilation may still use the object;
 * then this file destroys it later, and the caller must not. */
bool
rdr_compile_defers(struct rdr_compiles *compiles, struct rdr_device *dev, uint8_t type,
                   uint64_t handle);

#endif
