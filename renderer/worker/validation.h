/* SPDX-License-Identifier: MIT */

/* --validate: the Khronos validation layer between us and the host's driver. What it says goes to
 * the client. */

#ifndef RDR_WORKER_VALIDATION_H
#define RDR_WORKER_VALIDATION_H

#include <stdbool.h>
#include <stddef.h>
#include <vulkan/vulkan_core.h>

struct rdr_context;
struct rdr_host;
struct rdr_validation;
struct tongs_encoder;

/* NULL when memory is out. */
struct rdr_validation *
rdr_validation_create(void);

/* Whether the layer is on this machine. False with a sentence in `why`. */
bool
rdr_validation_is_possible(const struct rdr_host *host, char *why, size_t why_size);

/* Adds the layer and a messenger to what the instance is made with; what is added lives in
 * ctx->arena. False when memory is out. Does nothing where no validation is wanted, as do the
 * others. */
bool
rdr_validation_extend(struct rdr_context *ctx, VkInstanceCreateInfo *info);

/* Listens from now on, as long as the instance lives. The instance has been made. */
void
rdr_validation_start(struct rdr_context *ctx);

/* The instance is about to go: what the layer says of its end is still heard. */
void
rdr_validation_stop(struct rdr_context *ctx);

/* Moves what waits to be sent into `e`, between ops. Any thread. */
void
rdr_validation_drain(struct rdr_context *ctx, struct tongs_encoder *e);

#endif
