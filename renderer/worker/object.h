/* SPDX-License-Identifier: MIT */

/* The object table, from the client's ids to the host's handles. Only the decoder's thread changes
 * or reads it. */

#ifndef RDR_WORKER_OBJECT_H
#define RDR_WORKER_OBJECT_H

#include "protocol/args.h"
#include "renderer/worker/context.h"
#include "renderer/worker/op.h"

/* Enters an object of the type TONGS_TYPE_* under the client's id, as a child of the slot `parent`
 * (0: none). `handle` 0: a failed object, whose creation failed with `result`. Ends the connection
 * and returns false if the id is malformed or in use. */
bool
rdr_object_add(struct rdr_context *ctx, uint8_t type, uint64_t id, uint64_t handle, VkResult result,
               uint32_t parent, void *data);

/* Enters all objects that an op has created, as children of op->parent and with op->owner as the
 * slots' data. `handles`: the host's, pointers or 64-bit integers. If the host driver failed, what
 * it left in a single handle is ignored.
 *
 * A post whose host call failed enters failed objects, which hold the result. A call enters only
 * the objects that exist: the reply tells the client, which takes the other ids back. */
void
rdr_objects_add(struct rdr_context *ctx, const struct rdr_op *op, uint8_t type,
                const struct tongs_args *args, void *handles, VkResult result);

/* The same with other data for the slots. */
void
rdr_objects_add_with_data(struct rdr_context *ctx, const struct rdr_op *op, uint8_t type,
                          const struct tongs_args *args, void *handles, VkResult result,
                          void *data);

/* Takes the object that an op destroys out of the table. Returns whether the caller must destroy
 * the host's object now: not if it is a failed object, and not while a wait or a compilation uses
 * it. */
bool
rdr_object_release(struct rdr_context *ctx, const struct rdr_op *op, const struct tongs_args *args);

/* Keeps a host object that has no id any more as an orphan: it is destroyed with its device. */
void
rdr_object_keep(struct rdr_device *dev, uint8_t type, uint64_t handle);

/* The i-th id that an op destroys. */
uint64_t
rdr_args_id(const struct tongs_args *args, uint32_t i);

/* Takes the objects that an op destroys out of the table. Returns how many there were; 0, with the
 * connection ended, if the op names one twice. */
uint32_t
rdr_objects_remove(struct rdr_context *ctx, const struct rdr_op *op, const struct tongs_args *args);

/* Takes an object and its children out of the table. */
void
rdr_object_remove(struct rdr_context *ctx, uint32_t slot);

/* The slot of the pool that an op uses: its second handle, after the device. 0, with the connection
 * ended, if the op names no pool of that type. */
uint32_t
rdr_pool_slot(struct rdr_context *ctx, const struct rdr_op *op, uint8_t type);

/* Takes the objects that an op gives back to their pool out of the table. Returns whether the host
 * driver has any to free: false, with the connection ended, if one is named twice or comes from
 * another pool. */
bool
rdr_objects_return(struct rdr_context *ctx, const struct rdr_op *op, uint8_t pool_type,
                   const struct tongs_args *args);

/* Takes the children of a slot out of the table: the host driver frees them with their pool. */
void
rdr_object_remove_children(struct rdr_context *ctx, uint32_t slot);

/* Destroys the objects that are left of a device, pools and memory last, and takes them out of the
 * table. */
void
rdr_object_destroy_children(struct rdr_context *ctx, uint32_t device);

/* The slot of an id; NULL if the id names no object of the type. */
const struct tongs_slot *
rdr_object_find(const struct rdr_context *ctx, uint64_t id, uint8_t type);

#endif
