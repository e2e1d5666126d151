<%namespace name="codec" file="codec.mako" inheritable="True"/>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "tongs_gen_args.h"

#include "protocol/bounds.h"
#include "protocol/ignored.h"

#include "tongs_gen_record.h"
#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

% for o in ops:
void
tongs_encode_${o.name}(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_${o.name} *v = args;

% if o.flat:
   const uint64_t room = tongs_room_${o.name}(v);
   if (room > TONGS_OP_SIZE_MAX)
      e->failed = true;
   else if (tongs_encoder_reserve(e, (size_t)room))
      e->cur = tongs_put_${o.name}(e->cur, v, e->raw_handles);
}
% else:
% if o.context:
   e->ignored = ${o.context};
% endif
% for part in o.parts:
% if o.kind != "record" or not part.array or part.array.kind != "dispatch":
${codec.encode_part(part)}\
% endif
% endfor
   (void)e, (void)v;
}
% endif

void
tongs_decode_${o.name}(struct tongs_decoder *d, void *args)
{
% if o.flat:
   tongs_get_${o.name}(d, args);
}
% else:
   struct tongs_args_${o.name} *v = args;
${codec.declare_slots(o.slots)}\

% for part in o.parts:
% if not part.array:
${codec.decode_part(part)}\
% else:
<% m = part.array %>\
% if o.destroys(m, "handle"):
   v->base.ids = d->cur;
   v->base.id_count = 1;
% elif o.destroys(m, "handles"):
   v->base.ids = d->cur + 4;
% endif
% if m.kind == "new":
   v->base.new_ids = tongs_decode_new_ids(d, ${m.count});
   v->base.new_count = v->base.new_ids ? ${m.count} : 0;
   v->${m.name} = tongs_decode_alloc(d, v->base.new_count, sizeof(*v->${m.name}));
% elif o.kind != "record" or m.kind != "dispatch":
${codec.decode(m)}\
% endif
% if o.destroys(m, "handles"):
   v->base.id_count = v->${m.name} ? ${m.count} : 0;
% endif
% endif
% endfor
% for m in o.strided:
   v->${m.stride} = sizeof(*v->${m.name});
% endfor
% for check in o.checks:
   if (!d->error && !d->failed && !(${check}))
      tongs_decoder_fail(d, TONGS_DECODE_RANGE);
% endfor
% if o.limit_checks:
   const VkPhysicalDeviceLimits *limits = tongs_decoder_limits(d);
% endif
% for check in o.limit_checks:
   if (!d->error && limits && !(${check}))
      tongs_decoder_fail(d, TONGS_DECODE_RANGE);
% endfor
${codec.bounds(o.bounds)}\
   (void)d, (void)v;
}
% endif

% if o.kind == "call":
void
tongs_encode_reply_${o.name}(struct tongs_encoder *e, const void *args)
{
   const struct tongs_args_${o.name} *v = args;

% if o.ret == "VkResult":
   tongs_encode_i32(e, v->ret);
% elif o.ret != "void":
   tongs_encode_u64(e, v->ret);
% endif
% for m in o.args:
% if m.kind == "new":
${codec.encode_result(m)}\
% endif
% endfor
% if o.ret == "VkResult" and not o.outputs_on_failure:
   if (v->ret < 0)
      return;
% endif
% for m in o.args:
% if m.kind != "new":
${codec.encode_result(m)}\
% endif
% endfor
% for m in o.returned:
${codec.encode_returned(m)}\
% endfor
   (void)e, (void)v;
}

void
tongs_decode_reply_${o.name}(struct tongs_decoder *d, void *args)
{
   struct tongs_args_${o.name} *v = args;
% for m in o.args:
${codec.result_capacity(m)}\
% endfor

% if o.ret == "VkResult":
   v->ret = (VkResult)tongs_decode_i32(d);
% elif o.ret != "void":
   v->ret = (${o.ret})tongs_decode_u64(d);
% endif
% for m in o.args:
% if m.kind == "new":
${codec.decode_result(m)}\
% endif
% endfor
% if o.ret == "VkResult" and not o.outputs_on_failure:
   if (v->ret < 0)
      return;
% endif
% for m in o.args:
% if m.kind != "new":
${codec.decode_result(m)}\
% endif
% endfor
% for m in o.args:
${codec.check_result_capacity(m)}\
% endfor
% for m in o.returned:
${codec.decode_returned(m)}\
% endfor
   (void)d, (void)v;
}

% endif
% endfor
