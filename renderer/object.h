/* SPDX-License-Identifier: MIT */

/* The object table: from the guest's ids to the host's handles. Only the decoder's thread changes it. */

#ifndef RDR_OBJECT_H
#define RDR_OBJECT_H

#include "args.h"
#include "context.h"

/* Enters an object of the type TONGS_TYPE_* under the guest's id, as a child of the slot `parent` (0: none). `handle` 0:
 * its creation failed with `result`. Returns false, and ends the connection, on an id that is not free or malformed. */
bool
rdr_object_add(struct rdr_context *ctx, uint8_t type, uint64_t id, uint64_t handle, VkResult result,
               uint32_t parent, void *data);

/* Enters all objects that an op has created, as children of ctx->parent. `handles`: the host's, pointers or 64-bit
 * integers. For a post a failure is remembered in the objects; for a call it is left to the reply. */
void
rdr_objects_add(struct rdr_context *ctx, uint8_t type, const struct tongs_args *args, const void *handles,
                VkResult result);

/* Takes the object that an op destroys out of the table. Whether the host's is to be destroyed now: not when it never
 * came to be, and not while a wait uses it. */
bool
rdr_object_release(struct rdr_context *ctx, const struct tongs_args *args);

/* The i-th id that an op destroys. */
uint64_t
rdr_args_id(const struct tongs_args *args, uint32_t i);

/* Forgets an object, not its children. */
void
rdr_object_remove(struct rdr_context *ctx, uint32_t slot);

/* Forgets the children of a pool that the host has freed with it. */
void
rdr_object_remove_children(struct rdr_context *ctx, uint32_t slot);

/* Destroys what is left of a device's objects on the host, in a safe order, and forgets them. */
void
rdr_object_destroy_children(struct rdr_context *ctx, uint32_t device);

/* The slot of an id in the table, NULL where it names none of the type. */
const struct tongs_slot *
rdr_object_find(const struct rdr_context *ctx, uint64_t id, uint8_t type);

#endif
