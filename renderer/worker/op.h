/* SPDX-License-Identifier: MIT */

/* One op while it is carried out. */

#ifndef RDR_WORKER_OP_H
#define RDR_WORKER_OP_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

/* Lives on the stack of the decoder's thread, or in the job of a call that waits on a thread of its
 * own (jobs.c), and belongs to that thread. */
struct rdr_op {
   uint32_t number; /* TONGS_OP_*; in a tongsRecord, that of the current command */
   uint32_t tag;    /* of a call: its reply carries it */
   bool is_call;    /* the client waits for a reply */

   /* `fd`: the descriptor that came with the op, until rdr_op_take_fd() takes it. `reply_fd`: the
    * descriptor to send with the reply. Both owned; -1: none. */
   int fd;
   int reply_fd;

   /* `owner`: the struct rdr_instance or struct rdr_device of the op's first handle. `parent`: the
    * slot of that handle; new objects become its children. */
   void *owner;
   uint32_t parent;
   VkCommandBuffer command_buffer; /* of a tongsRecord */

   uint64_t used[2]; /* the first two ids that the op uses */
};

/* Returns the descriptor that came with the op, which the caller owns from now on; -1: none
 * came. */
static inline int
rdr_op_take_fd(struct rdr_op *op)
{
   int fd = op->fd;

   op->fd = -1;
   return fd;
}

#endif
