/* SPDX-License-Identifier: MIT */

/* Memory that is imported or exported by a file descriptor (handle_external.c). */

#ifndef RDR_WORKER_EXTERNAL_H
#define RDR_WORKER_EXTERNAL_H

#include "renderer/worker/context.h"

struct rdr_memory;
struct rdr_op;
struct stat;
struct tongs_args_vkAllocateMemory;

/* Writes the descriptor that came with the op into the import struct of the arguments. *fd is the
 * descriptor, which the caller owns until the host driver takes it; -1: the op imports nothing.
 * False if the connection has ended. If the descriptor is refused, the arguments' result is an
 * error. */
bool
rdr_external_import_fd(struct rdr_context *ctx, struct rdr_op *op,
                       struct tongs_args_vkAllocateMemory *a, int *fd);

/* Closes a descriptor that the host driver has refused, unless the driver has closed it. `what`:
 * the descriptor's file. */
void
rdr_external_close_refused(int fd, const struct stat *what);

/* Stores in `memory` what tongsMemoryFd will need. `fd`: the imported descriptor, before the host
 * driver takes it; -1: none. */
void
rdr_external_note(struct rdr_memory *memory, const VkMemoryAllocateInfo *info, int fd);

#endif
