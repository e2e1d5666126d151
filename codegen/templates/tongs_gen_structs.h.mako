/* ${made_by}. SPDX-License-Identifier: MIT */
#ifndef TONGS_GEN_STRUCTS_H
#define TONGS_GEN_STRUCTS_H

#include "protocol/decoder.h"
#include "protocol/encoder.h"

#include <vulkan/vulkan_core.h>

/* The codecs of structs: protocol/encoder.h and decoder.h say how they fail. `_body` is the struct without its chain,
 * `_into` writes what came back into the application's struct. `shape` is what travels to the worker before. */

enum {
% for s in ir.structs:
   TONGS_STRUCT_${s.name} = ${s.index},
% endfor
};

/* `parent` is the TONGS_STRUCT_* whose chain it is. Three kinds of struct are left out: those that the parent does not
 * permit, those that occur a second time, and those that the peer does not know. A driver would ignore them, and a
 * worker must refuse them. */
void
tongs_encode_links(struct tongs_encoder *e, const void *next, uint32_t parent);

static inline void
tongs_encode_chain(struct tongs_encoder *e, const void *next, uint32_t parent)
{
   if (next)
      tongs_encode_links(e, next, parent);
   tongs_encode_u32(e, 0);
}

void
tongs_encode_shape_chain(struct tongs_encoder *e, const void *next, uint32_t parent);

void *
tongs_decode_links(struct tongs_decoder *d, uint32_t parent);

static inline void *
tongs_decode_chain(struct tongs_decoder *d, uint32_t parent)
{
   if (tongs_decoder_left(d) >= sizeof(uint32_t) && !tongs_get_u32(d->cur)) {
      d->cur += sizeof(uint32_t);
      return NULL;
   }
   return tongs_decode_links(d, parent);
}

void *
tongs_decode_shape_chain(struct tongs_decoder *d, uint32_t parent);

/* The members that the host driver wrote through the structs of an input chain. */
void
tongs_encode_returned_chain(struct tongs_encoder *e, const void *next);

void
tongs_decode_returned_chain(struct tongs_decoder *d, const void *next);

/* Walks the application's chain and the chain that came back side by side. */
void
tongs_decode_chain_into(struct tongs_decoder *d, void *next);

% for s in ir.structs:
% if s.union:
% if s.selected:
void tongs_encode_${s.name}(struct tongs_encoder *e, const ${s.name} *v, ${s.selector_type} selector);
% else:
void tongs_encode_${s.name}(struct tongs_encoder *e, const ${s.name} *v);
% endif
% if s.inputs and s.selected:
void tongs_decode_${s.name}(struct tongs_decoder *d, ${s.name} *v, ${s.selector_type} selector);
% elif s.inputs:
void tongs_decode_${s.name}(struct tongs_decoder *d, ${s.name} *v);
% endif
% if s.arrayed and s.raw_union:
void tongs_encode_${s.name}_array(struct tongs_encoder *e, const ${s.name} *v, uint64_t count);
% if s.inputs:
${s.name} *tongs_decode_${s.name}_array(struct tongs_decoder *d, uint64_t expected, bool optional);
% endif
% endif
% else:
% if s.chained:
void tongs_encode_${s.name}_body(struct tongs_encoder *e, const ${s.name} *v);
% if s.inputs:
void tongs_decode_${s.name}_body(struct tongs_decoder *d, ${s.name} *v);
% endif
% endif
void tongs_encode_${s.name}(struct tongs_encoder *e, const ${s.name} *v);
% if s.inputs:
void tongs_decode_${s.name}(struct tongs_decoder *d, ${s.name} *v);
% endif
% if s.arrayed:
void tongs_encode_${s.name}_array(struct tongs_encoder *e, const ${s.name} *v, uint64_t count);
% if s.inputs:
${s.name} *tongs_decode_${s.name}_array(struct tongs_decoder *d, uint64_t expected, bool optional);
% endif
% if s.outputs:
void tongs_decode_${s.name}_array_into(struct tongs_decoder *d, ${s.name} *v, uint64_t capacity);
% endif
% endif
% if s.pointered:
void tongs_encode_${s.name}_pointers(struct tongs_encoder *e, const ${s.name} *const *v, uint64_t count);
const ${s.name} *const *tongs_decode_${s.name}_pointers(struct tongs_decoder *d, uint64_t expected, bool optional);
% endif
% if s.returned:
void tongs_encode_returned_${s.name}(struct tongs_encoder *e, const ${s.name} *v);
void tongs_decode_returned_${s.name}(struct tongs_decoder *d, const ${s.name} *v);
% endif
% if s.outputs:
% if s.shape:
void tongs_encode_shape_${s.name}(struct tongs_encoder *e, const ${s.name} *v);
void tongs_decode_shape_${s.name}(struct tongs_decoder *d, ${s.name} *v);
% endif
% if s.shape and s.chained:
void tongs_encode_shape_${s.name}_body(struct tongs_encoder *e, const ${s.name} *v);
void tongs_decode_shape_${s.name}_body(struct tongs_decoder *d, ${s.name} *v);
% endif
% if s.chained:
void tongs_decode_${s.name}_into_body(struct tongs_decoder *d, ${s.name} *v);
% endif
void tongs_decode_${s.name}_into(struct tongs_decoder *d, ${s.name} *v);
% endif
% endif
% endfor

#endif
