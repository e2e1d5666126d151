/* SPDX-License-Identifier: MIT */

/* The object table, from the client's ids to the host's handles. Only the decoder's thread changes
 * or reads it. */

#ifndef RDR_WORKER_OBJECT_H
#define RDR_WORKER_OBJECT_H

#include "protocol/args.h"
#include "renderer/worker/context.h"
#include "renderer/worker/op.h"

/* VK_SUCCESS if `count` more objects of the type may exist, else the error of the limit. */
VkResult
rdr_object_room(const struct rdr_context *ctx, uint8_t type, uint32_t count);

/* Enters an object of the type TONGS_TYPE_* under the client's id, as a child of the slot `parent`
 * (0: none). `handle` 0: enters a failed object, whose creation failed with `result`. Ends the
 * connection and returns false if the id is malformed or in use. */
bool
rdr_object_add(struct rdr_context *ctx, uint8_t type, uint64_t id, uint64_t handle, VkResult result,
               uint32_t parent, void *data);

/* Enters all objects that an op has created, as children of op->parent and with op->owner as the
 * slots' data. `handles`: the host's handles, pointers or 64-bit integers. If a call for one object
 * failed, its handle is ignored.
 *
 * A post whose host call failed enters failed objects, which hold the result. A call enters only
 * the objects that exist. The client learns from the reply which ids it can reuse. */
void
rdr_objects_add(struct rdr_context *ctx, const struct rdr_op *op, uint8_t type,
                const struct tongs_args *args, void *handles, VkResult result);

/* As rdr_objects_add(), with `data` as the slots' data. */
void
rdr_objects_add_with_data(struct rdr_context *ctx, const struct rdr_op *op, uint8_t type,
                          const struct tongs_args *args, void *handles, VkResult result,
                          void *data);

/* Removes the object that an op destroys from the table. Returns whether the caller must destroy
 * the host's object now: false for a failed object, and false if a wait or a compilation still uses
 * the object. */
bool
rdr_object_release(struct rdr_context *ctx, const struct rdr_op *op, const struct tongs_args *args);

/* Keeps a host object without an id as an orphan, which is destroyed with its device. */
void
rdr_object_keep(struct rdr_device *dev, uint8_t type, uint64_t handle);

/* The i-th id that an op destroys. */
uint64_t
rdr_args_id(const struct tongs_args *args, uint32_t i);

/* Removes the objects that an op destroys from the table. Returns their number; 0, with the
 * connection ended, if the op names one twice. */
uint32_t
rdr_objects_remove(struct rdr_context *ctx, const struct rdr_op *op, const struct tongs_args *args);

/* Removes an object and its children from the table. */
void
rdr_object_remove(struct rdr_context *ctx, uint32_t slot);

/* The slot of the pool that an op uses: its second handle, after the device. 0, with the connection
 * ended, if the op names no pool of that type. */
uint32_t
rdr_pool_slot(struct rdr_context *ctx, const struct rdr_op *op, uint8_t type);

/* Removes the objects that an op returns to their pool from the table. Returns whether the host
 * driver has any to free. False, with the connection ended, if the op names one twice or one of
 * another pool. */
bool
rdr_objects_return(struct rdr_context *ctx, const struct rdr_op *op, uint8_t pool_type,
                   const struct tongs_args *args);

/* Removes the children of a pool's slot from the table. The host driver frees their objects with
 * the pool. */
void
rdr_object_remove_children(struct rdr_context *ctx, uint32_t slot);

/* Destroys the remaining objects of a device, pools and memory last, and removes them from the
 * table. */
void
rdr_object_destroy_children(struct rdr_context *ctx, uint32_t device);

/* The slot of an id; NULL if the id names no object of the type. */
const struct tongs_slot *
rdr_object_find(const struct rdr_context *ctx, uint64_t id, uint8_t type);

#endif
