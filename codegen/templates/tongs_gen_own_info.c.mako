<%namespace name="info" file="own_info.mako"/>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "protocol/own_info.h"

#include "tongs_gen_own.h"
#include "tongs_gen_types.h"
% for r in own.records:

static const struct tongs_own_member ${r.name}_members[] = {
% for m in r.members:
${info.row(m, r.ctype)}\
% endfor
};

static const struct tongs_own_members ${r.name}_record = {
   .size = sizeof(struct tongs_own_${r.name}),
   .members = ${r.name}_members,
   .count = ${len(r.members)},
};
% endfor
% for o in own.ops:
% if o.members:

static const struct tongs_own_member ${o.name}_members[] = {
% for m in o.members:
${info.row(m, o.args_type)}\
% endfor
};
% endif
% if o.reply:

static const struct tongs_own_member ${o.name}_reply[] = {
% for m in o.reply:
${info.row(m, o.reply_type)}\
% endfor
};
% endif
% endfor

const struct tongs_own_members tongs_own_args_members[TONGS_OWN_OPS] = {
% for o in own.ops:
% if o.members:
   [TONGS_OP_${o.name}] = {.members = ${o.name}_members, .count = ${len(o.members)}},
% endif
% endfor
};

const struct tongs_own_members tongs_own_reply_members[TONGS_OWN_OPS] = {
% for o in own.ops:
% if o.reply:
   [TONGS_OP_${o.name}] = {.members = ${o.name}_reply, .count = ${len(o.reply)}},
% endif
% endfor
};
