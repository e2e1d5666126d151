/* ${made_by}. SPDX-License-Identifier: MIT */
#include "renderer/worker/handlers.h"

#include "renderer/worker/object.h"

#include "rdr_gen_vk.h"
#include "tongs_gen_args.h"
#include "tongs_gen_types.h"

% for o in ir.ops:
% if o.handler == "generated" and o.kind != "record":
static void
handle_${o.name}(struct rdr_context *ctx, struct rdr_op *op, void *args)
{
   const struct rdr_vk_${o.host} *vk = &((struct rdr_${o.host} *)op->owner)->vk;
   struct tongs_args_${o.name} *a = args;

   if (!vk->${o.short}) {
      rdr_refuse_command(ctx, "${o.name}");
      return;
   }
% if o.destroyed:
   if (rdr_object_release(ctx, op, &a->base))
      vk->${o.short}(${o.decoded});
% elif o.new:
   a->ret = vk->${o.short}(${o.decoded});
   rdr_objects_add(ctx, op, TONGS_TYPE_${o.create}, &a->base, a->${o.new.name}, a->ret);
% elif o.ret == "void":
   vk->${o.short}(${o.decoded});
   (void)ctx;
% elif o.kind != "call" and o.ret == "VkResult":
   a->ret = vk->${o.short}(${o.decoded});
   if (a->ret < 0)
      rdr_post_failed(ctx, op, op->owner, "${o.name}", a->ret);
% elif o.also_posts and o.ret == "VkResult":
   a->ret = vk->${o.short}(${o.decoded});
   if (a->ret < 0 && !op->is_call)
      rdr_post_failed(ctx, op, op->owner, "${o.name}", a->ret);
% else:
   a->ret = vk->${o.short}(${o.decoded});
   (void)ctx;
% endif
}

% endif
% endfor
% for o in ir.ops:
% if o.timeout:
static uint64_t *
timeout_of_${o.name}(void *args)
{
   struct tongs_args_${o.name} *a = args;

   return (uint64_t *)&a->${o.timeout};
}

% endif
% if o.waits_if:
static bool
${o.name}_waits(const void *args)
{
   const struct tongs_args_${o.name} *a = args;

   return ${o.waits_if};
}

% endif
% endfor
const struct rdr_op_info rdr_ops[TONGS_OP_COUNT] = {
% for o in ir.ops:
% if o.kind != "record":
   [TONGS_OP_${o.name}] = {
% if o.handler == "generated":
      .handle = handle_${o.name},
% elif o.handler == "hand":
      .handle = rdr_handle_${o.short},
% else:
      .handle_body = rdr_handle_${o.short},
% endif
% if o.takes_fd:
      .takes_fd = true,
% endif
% if o.compiled:
      .compiled = true,
% endif
% if o.pool:
      .pool_type = TONGS_TYPE_${o.pool},
% endif
% if o.timeout:
      .timeout = timeout_of_${o.name},
% endif
% if o.waits_if:
      .waits = ${o.name}_waits,
% endif
% if o.checked:
      .check = rdr_check_${o.short},
% endif
% if o.removes:
      .removes = true,
% endif
% if o.after_compilations:
      .after_compilations = true,
% endif
   },
% endif
% endfor
};

bool
rdr_is_used_by_compilations(uint8_t type)
{
   switch (type) {
% for t in ir.types:
% if t.used_by_compilations:
   case TONGS_TYPE_${t.name}:
% endif
% endfor
      return true;
   default:
      return false;
   }
}
