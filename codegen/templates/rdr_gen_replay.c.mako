/* ${made_by}. SPDX-License-Identifier: MIT */
#include "renderer/worker/replay.h"

#include "renderer/worker/handlers.h"

#include "rdr_gen_vk.h"
#include "tongs_gen_args.h"
#include "tongs_gen_record.h"

% for o in ir.ops:
% if o.kind == "record":
static void
replay_${o.name}(struct rdr_context *ctx, struct rdr_op *op, struct tongs_decoder *d)
{
   struct rdr_device *dev = op->owner;
   struct tongs_args_${o.name} args = {.${o.handle} = op->command_buffer}, *a = &args;

% if o.flat:
   tongs_get_${o.name}(d, a);
% else:
   tongs_decode_${o.name}(d, a);
% endif
   if (!rdr_replay_ready(ctx, op, dev, d))
      return;
% if o.handler == "hand":
   rdr_handle_${o.short}(ctx, op, a);
% else:
   if (!dev->vk.${o.short}) {
      rdr_refuse_command(ctx, "${o.name}");
      return;
   }
% if o.ret == "VkResult":
   VkResult result = dev->vk.${o.short}(${o.decoded});
   if (result < 0)
      rdr_post_failed(ctx, op, dev, "${o.name}", result);
% else:
   dev->vk.${o.short}(${o.decoded});
% endif
% endif
}

% endif
% endfor
const rdr_replay_function rdr_replay_functions[TONGS_OP_COUNT] = {
% for o in ir.ops:
% if o.kind == "record":
   [TONGS_OP_${o.name}] = replay_${o.name},
% endif
% endfor
};
