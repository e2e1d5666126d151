/* ${made_by}. SPDX-License-Identifier: MIT */
#ifndef TONGS_GEN_ARGS_H
#define TONGS_GEN_ARGS_H

#include "protocol/args.h"

#include <vulkan/vulkan_core.h>

/* The arguments of each op and its result. */
% for o in ir.ops:

struct tongs_args_${o.name} {
   struct tongs_args base;
% for m in o.args:
   ${m.decl};
% endfor
% if o.ret != "void":
   ${o.ret} ret;
% endif
};
% endfor

% for o in ir.ops:
void tongs_encode_${o.name}(struct tongs_encoder *e, const void *args);
void tongs_decode_${o.name}(struct tongs_decoder *d, void *args);
% if o.kind == "call":
void tongs_encode_reply_${o.name}(struct tongs_encoder *e, const void *args);
void tongs_decode_reply_${o.name}(struct tongs_decoder *d, void *args);
% endif
% endfor

#endif
