/* SPDX-License-Identifier: MIT */

/* Memory that has a file descriptor (handle_external.c). */

#ifndef RDR_WORKER_EXTERNAL_H
#define RDR_WORKER_EXTERNAL_H

#include "renderer/worker/context.h"

struct rdr_memory;
struct rdr_op;
struct stat;
struct tongs_args_vkAllocateMemory;

/* Puts the descriptor that came with the op where the host's driver looks for it: the number in the
 * client's struct says only that there is one. *fd: that, the caller's until the host takes it, or
 * -1. False when the connection has ended; the args' result is an error where the descriptor is
 * refused. */
bool
rdr_external_import_fd(struct rdr_context *ctx, struct rdr_op *op,
                       struct tongs_args_vkAllocateMemory *a, int *fd);

/* Closes a descriptor that the host's driver has refused, unless the driver has done so. */
void
rdr_external_close_refused(int fd, const struct stat *what);

/* Notes what tongsMemoryFd will need of an allocation, `fd` of which is about to go to the host's
 * driver. */
void
rdr_external_note(struct rdr_memory *memory, const VkMemoryAllocateInfo *info, int fd);

#endif
