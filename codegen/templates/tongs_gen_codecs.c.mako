## SPDX-License-Identifier: MIT
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "tests/codec/codecs.h"

#include "tongs_gen_structs.h"
#include "tongs_gen_types.h"

% for s in ir.structs:
% if not s.union:
static void
encode_${s.name}(struct tongs_encoder *e, const void *v)
{
   tongs_encode_${s.name}(e, v);
}

% if s.inputs:
static void
decode_${s.name}(struct tongs_decoder *d, void *v)
{
   tongs_decode_${s.name}(d, v);
}

% endif
% if s.outputs:
static void
decode_into_${s.name}(struct tongs_decoder *d, void *v)
{
   tongs_decode_${s.name}_into(d, v);
}

% if s.shape:
static void
encode_shape_${s.name}(struct tongs_encoder *e, const void *v)
{
   tongs_encode_shape_${s.name}(e, v);
}

static void
decode_shape_${s.name}(struct tongs_decoder *d, void *v)
{
   tongs_decode_shape_${s.name}(d, v);
}

% endif
% endif
% endif
% endfor
const struct codec codecs[TONGS_STRUCT_COUNT] = {
% for s in ir.structs:
% if not s.union:
   [TONGS_STRUCT_${s.name}] = {
      .encode = encode_${s.name},
% if s.inputs:
      .decode = decode_${s.name},
% endif
% if s.outputs:
      .decode_into = decode_into_${s.name},
% if s.shape:
      .encode_shape = encode_shape_${s.name},
      .decode_shape = decode_shape_${s.name},
% endif
% endif
   },
% endif
% endfor
};
