/* SPDX-License-Identifier: MIT */

/* An instance in a child of fork().
 *
 * The worker and the connection to it are the parent's. A child that has only the instance and its
 * physical devices can have a worker of its own, which gets the same instance and gives the
 * physical devices the same ids. All other objects hold what only the parent's worker has. */

#include "icd/connection.h"
#include "icd/instance.h"
#include "icd/physical_device.h"
#include "icd/timeout.h"
#include "protocol/decoder.h"

#include "tongs_gen_args.h"
#include "tongs_gen_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
icd_instance_record(struct icd_instance *instance, const struct tongs_args_vkCreateInstance *args)
{
   struct icd_connection *c = instance->base.connection;
   struct tongs_encoder *e = &instance->creation;

   /* Encoded as a call, because alignment counts from the start of the op. */
   tongs_encoder_init(e);
   e->peer_structs = c->stream.peer_structs;
   size_t offset = tongs_encode_op_begin(e, TONGS_OP_vkCreateInstance, TONGS_OP_FLAG_CALL);
   tongs_encode_u32(e, 0);
   tongs_ops[TONGS_OP_vkCreateInstance].encode(e, args);
   instance->forks = icd_transport_forks();
   return tongs_encode_op_end(e, offset);
}

/* Creates the same instance at the other end of `c`. */
static bool
create_again(const struct icd_instance *instance, struct icd_connection *c)
{
   const size_t head = sizeof(struct tongs_op_header) + sizeof(uint32_t);
   VkInstance created = (VkInstance)instance;
   struct tongs_args_vkCreateInstance args = {.pInstance = &created};
   struct icd_pending_call call;
   struct tongs_decoder d;
   size_t offset, size = 0;

   struct tongs_encoder *e = icd_own_call_begin(c, &call, TONGS_OP_vkCreateInstance, &offset);
   tongs_encode_fixed(e, instance->creation.base + head,
                      tongs_encoder_size(&instance->creation) - head);
   bool ok = icd_own_call_wait(c, &call, offset, &size) != NULL;
   if (ok) {
      icd_own_reply_begin(&call, &d, NULL);
      tongs_ops[TONGS_OP_vkCreateInstance].decode_reply(&d, &args);
      ok = !d.error && args.ret == VK_SUCCESS;
   }
   free(call.reply);
   return ok;
}

/* Gives the physical devices their ids at the other end of `c`. */
static bool
name_devices(const struct icd_instance *instance, struct icd_connection *c)
{
   struct tongs_reply_tongsSnapshot reply = {0};
   struct icd_pending_call call;
   struct tongs_arena arena;
   struct tongs_decoder d;
   size_t offset, size = 0;

   struct tongs_encoder *e = icd_own_call_begin(c, &call, TONGS_OP_tongsSnapshot, &offset);
   tongs_encode_tongsSnapshot(e, &(struct tongs_args_tongsSnapshot){
                                    .instance = instance->base.object.id,
                                    .ids = instance->device_ids,
                                    .ids_count = TONGS_PHYSICAL_DEVICES_MAX,
                                 });
   if (!icd_own_call_wait(c, &call, offset, &size))
      return false;
   tongs_arena_init(&arena, ICD_REPLY_ARENA_LIMIT);
   icd_own_reply_begin(&call, &d, &arena);
   tongs_decode_reply_tongsSnapshot(&d, &reply);
   bool ok = !d.error && reply.devices_count == instance->device_count;
   tongs_arena_finish(&arena);
   free(call.reply);
   return ok;
}

/* Whether there are objects beside the instance and its physical devices. */
static bool
has_other_objects(const struct icd_instance *instance)
{
   struct icd_connection *c = instance->base.connection;

   return icd_ids_count(&c->ids) != 1 + TONGS_PHYSICAL_DEVICES_MAX ||
          !tongs_list_is_empty(&c->messages.messengers);
}

void
icd_instance_follow_fork(struct icd_instance *instance)
{
   struct icd_connection *before = instance->base.connection;
   char why[512] = "the server did not make the same instance";

   if (instance->forks == icd_transport_forks() || has_other_objects(instance))
      return;
   instance->forks = icd_transport_forks();
   struct icd_connection *c = icd_connection_create(why, sizeof(why));
   if (c)
      icd_connection_begin_setup(c);
   bool ok = c && !memcmp(c->peer.structs, before->peer.structs, sizeof(c->peer.structs)) &&
             create_again(instance, c) && name_devices(instance, c);
   if (c)
      icd_connection_end_setup(c);
   if (!ok) {
      if (c && c->timed_out)
         icd_timeout_explain(why, sizeof(why));
      fprintf(stderr, "tongs: a child of fork() cannot use its parent's instance: %s\n", why);
      icd_connection_destroy(c);
      return;
   }
   icd_connection_use(c);
   icd_ids_move(&c->ids, &before->ids);
   instance->base.connection = c;
   for (uint32_t i = 0; i < instance->device_count; i++)
      instance->devices[i]->base.connection = c;
   icd_connection_destroy(before);
}
