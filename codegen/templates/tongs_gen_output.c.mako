<%namespace name="codec" file="codec.mako" inheritable="True"/>\
/* ${made_by}. SPDX-License-Identifier: MIT */
#include "tongs_gen_structs.h"

#include "protocol/ignored.h"

#include "tongs_gen_types.h"

% for s in structs:
% if s.outputs and not s.union:
% if s.shape:
void
tongs_encode_shape_${s.name}${s.body}(struct tongs_encoder *e, const ${s.name} *v)
{
% for m in s.unchained_members:
${codec.encode_shape(m, s)}\
% endfor
   (void)e, (void)v;
}

void
tongs_decode_shape_${s.name}${s.body}(struct tongs_decoder *d, ${s.name} *v)
{
% for m in s.unchained_members:
${codec.decode_shape(m, s)}\
% endfor
   (void)d, (void)v;
}

% if s.chained:
void
tongs_encode_shape_${s.name}(struct tongs_encoder *e, const ${s.name} *v)
{
   tongs_encode_shape_chain(e, v->pNext, TONGS_STRUCT_${s.name});
   tongs_encode_shape_${s.name}_body(e, v);
}

void
tongs_decode_shape_${s.name}(struct tongs_decoder *d, ${s.name} *v)
{
   v->pNext = tongs_decode_shape_chain(d, TONGS_STRUCT_${s.name});
   tongs_decode_shape_${s.name}_body(d, v);
}

% endif
% endif
% if s.pod:
void
tongs_decode_${s.name}_into(struct tongs_decoder *d, ${s.name} *v)
{
   tongs_decode_fixed(d, v, sizeof(*v));
}

% else:
void
tongs_decode_${s.name}_into${s.body}(struct tongs_decoder *d, ${s.name} *v)
{
% for m in s.members:
${codec.capacity(m)}\
% endfor
% for m in s.unchained_members:
${codec.decode_into(m)}\
% endfor
% for m in s.members:
${codec.check_capacity(m)}\
% endfor
   (void)d, (void)v;
}

% if s.chained:
void
tongs_decode_${s.name}_into(struct tongs_decoder *d, ${s.name} *v)
{
   tongs_decode_chain_into(d, (void *)v->pNext);
   tongs_decode_${s.name}_into_body(d, v);
}

% endif
% endif
% if s.arrayed:
void
tongs_decode_${s.name}_array_into(struct tongs_decoder *d, ${s.name} *v, uint64_t capacity)
{
% if s.pod:
   tongs_decode_array_into(d, v, capacity * (sizeof(*v) / ${s.unit}), ${s.unit});
% else:
   uint32_t count = tongs_decode_u32(d);

   if (count && (!v || count > capacity)) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      return;
   }
   for (uint32_t i = 0; i < count && !d->error; i++)
      tongs_decode_${s.name}_into(d, &v[i]);
% endif
}

% endif
% endif
% endfor
% for s in structs:
% if s.returned:

void
tongs_encode_returned_${s.name}(struct tongs_encoder *e, const ${s.name} *v)
{
% for m in s.unchained_members:
${codec.encode_returned(m)}\
% endfor
}

void
tongs_decode_returned_${s.name}(struct tongs_decoder *d, const ${s.name} *v)
{
% for m in s.unchained_members:
${codec.decode_returned(m)}\
% endfor
}
% endif
% endfor
