/* ${made_by}. SPDX-License-Identifier: MIT */
#include "tongs_gen_args.h"

#include "tongs_gen_peer.h"
#include "tongs_gen_types.h"

const struct tongs_op_info tongs_ops[TONGS_OP_COUNT] = {
% for o in ir.ops:
   [TONGS_OP_${o.name}] = {
      .name = "${o.name}",
      .kind = TONGS_OP_${o.kind | upper},
% if o.create:
      .creates = TONGS_TYPE_${o.create},
% endif
% if o.destroy:
      .destroys = TONGS_TYPE_${o.destroy},
% endif
% if o.blocking:
      .blocking = true,
% endif
% if o.also_posts:
      .also_posts = true,
% endif
% if o.failure != "told":
      .failure = TONGS_FAILURE_${o.failure | upper},
% endif
% if o.role != "plain":
      .role = TONGS_ROLE_${o.role | upper},
% endif
% if o.sent_at_once:
      .sent_at_once = true,
% endif
% if o.ret == "VkResult":
      .returns_result = true,
      .lost = ${o.lost},
      .ret_offset = offsetof(struct tongs_args_${o.name}, ret),
% endif
      .args_size = sizeof(struct tongs_args_${o.name}),
      .encode = tongs_encode_${o.name},
      .decode = tongs_decode_${o.name},
% if o.kind == "call":
      .encode_reply = tongs_encode_reply_${o.name},
      .decode_reply = tongs_decode_reply_${o.name},
% endif
   },
% endfor
};

const struct tongs_signature tongs_op_signatures[] = {
% for number, signature, name in announced.signatures:
   {${number}, ${signature | hex}u}, /* ${name} */
% endfor
};
const uint32_t tongs_op_signature_count = ${len(announced.signatures)};

const struct tongs_signature tongs_struct_signatures[TONGS_STRUCT_COUNT] = {
% for s in ir.structs:
% if s.chained:
   {${s.stype_value}u, ${s.signature | hex}u}, /* ${s.name} */
% else:
   {0, ${s.signature | hex}u}, /* ${s.name} */
% endif
% endfor
};
