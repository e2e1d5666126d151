/* SPDX-License-Identifier: MIT */

/* --validate: the Khronos validation layer between the worker and the host driver. Its messages go
 * to the client. */

#ifndef RDR_WORKER_VALIDATION_H
#define RDR_WORKER_VALIDATION_H

#include <stdbool.h>
#include <stddef.h>
#include <vulkan/vulkan_core.h>

struct rdr_context;
struct rdr_host;
struct rdr_validation;
struct tongs_encoder;

/* NULL if memory is out. */
struct rdr_validation *
rdr_validation_create(void);

/* Whether the layer is installed on this machine. If not, the reason is in `why`. */
bool
rdr_validation_is_possible(const struct rdr_host *host, char *why, size_t why_size);

/* Adds the layer and a messenger to the create info of the instance; the added structs live in
 * ctx->arena. False if memory is out. This and the following functions do nothing without
 * --validate. */
bool
rdr_validation_extend(struct rdr_context *ctx, VkInstanceCreateInfo *info);

/* Starts receiving messages. Called after the instance is created. */
void
rdr_validation_start(struct rdr_context *ctx);

/* Stops receiving messages. Called before the instance is destroyed; messages about its destruction
 * still come. */
void
rdr_validation_stop(struct rdr_context *ctx);

/* Moves the pending messages into `e`, which must be between two ops. Any thread. */
void
rdr_validation_drain(struct rdr_context *ctx, struct tongs_encoder *e);

#endif
