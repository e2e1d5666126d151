/* ${made_by}. SPDX-License-Identifier: MIT */
#include "tongs_gen_structs.h"

#include "tongs_gen_peer.h"

/* Enough for a chain of every feature struct: lavapipe has 65, the registry has about 250. */
#define LINKS_MAX 512
#define DEPTH_MAX 8

/* Which structs a chain may hold: pairs of parent and child, sorted. */
static const uint16_t extends[][2] = {
% for parent, child in ir.extends:
   {TONGS_STRUCT_${parent}, TONGS_STRUCT_${child}},
% endfor
};

static bool
may_extend(uint32_t parent, uint32_t child)
{
   size_t low = 0, high = sizeof(extends) / sizeof(extends[0]);

   while (low < high) {
      size_t mid = (low + high) / 2;
      if (extends[mid][0] < parent || (extends[mid][0] == parent && extends[mid][1] < child))
         low = mid + 1;
      else
         high = mid;
   }
   return low < sizeof(extends) / sizeof(extends[0]) && extends[low][0] == parent && extends[low][1] == child;
}

static bool
may_repeat(uint32_t index)
{
   switch (index) {
% for s in ir.structs:
% if s.allowduplicate:
   case TONGS_STRUCT_${s.name}:
% endif
% endfor
      return true;
   default:
      return false;
   }
}

/* Whether the worker would accept this link of the chain that begins with `first`. */
static bool
may_travel(const struct tongs_encoder *e, const VkBaseInStructure *first, const VkBaseInStructure *link, uint32_t parent,
           uint32_t index)
{
   uint32_t before = 0;

   if (!tongs_encoder_peer_knows(e, index) || !may_extend(parent, index))
      return false;
   for (; first != link; first = first->pNext) {
      if ((first->sType == link->sType && !may_repeat(index)) || ++before == LINKS_MAX)
         return false;
   }
   return true;
}

static void
encode_link(struct tongs_encoder *e, const VkBaseInStructure *first, const VkBaseInStructure *link, uint32_t parent)
{
   switch ((uint32_t)link->sType) {
% for s in ir.structs:
% if s.chained:
   case ${s.stype}:
      if (!may_travel(e, first, link, parent, TONGS_STRUCT_${s.name}))
         break;
      tongs_encode_u32(e, ${s.stype});
      tongs_encode_${s.name}_body(e, (const ${s.name} *)link);
      break;
% endif
% endfor
   default: /* the struct is a layer's, or newer than this registry: it stays in the client */
      break;
   }
}

void
tongs_encode_links(struct tongs_encoder *e, const void *next, uint32_t parent)
{
   for (const VkBaseInStructure *link = next; link; link = link->pNext)
      encode_link(e, next, link, parent);
}

static VkBaseOutStructure *
decode_link(struct tongs_decoder *d, uint32_t stype, uint32_t *index)
{
   switch (stype) {
% for s in ir.structs:
% if s.chained and s.inputs:
   case ${s.stype}: {
      ${s.name} *v = tongs_decode_alloc(d, 1, sizeof(*v));
      if (v)
         tongs_decode_${s.name}_body(d, v);
      *index = TONGS_STRUCT_${s.name};
      return (VkBaseOutStructure *)v;
   }
% endif
% endfor
   default:
      tongs_decoder_fail(d, TONGS_DECODE_CHAIN);
      return NULL;
   }
}

void *
tongs_decode_links(struct tongs_decoder *d, uint32_t parent)
{
   VkBaseOutStructure *first = NULL, **end = &first;
   uint32_t seen[LINKS_MAX];
   uint32_t count = 0;

   if (++d->depth > DEPTH_MAX)
      tongs_decoder_fail(d, TONGS_DECODE_CHAIN);

   for (uint32_t stype = tongs_decode_u32(d); stype; stype = tongs_decode_u32(d)) {
      uint32_t index = 0;
      VkBaseOutStructure *link = decode_link(d, stype, &index);
      if (d->error)
         break;
      bool repeated = count == LINKS_MAX;
      for (uint32_t i = 0; i < count && !repeated; i++)
         repeated = seen[i] == index && !may_repeat(index);
      if (repeated || !may_extend(parent, index)) {
         tongs_decoder_fail(d, TONGS_DECODE_CHAIN);
         break;
      }
      seen[count++] = index;
      *end = link;
      end = &link->pNext;
   }
   d->depth--;
   return d->error ? NULL : first;
}

void
tongs_encode_shape_chain(struct tongs_encoder *e, const void *next, uint32_t parent)
{
   for (const VkBaseInStructure *link = next; link; link = link->pNext) {
      switch ((uint32_t)link->sType) {
% for s in ir.structs:
% if s.chained and s.outputs:
      case ${s.stype}:
         if (!may_travel(e, next, link, parent, TONGS_STRUCT_${s.name}))
            break;
         tongs_encode_u32(e, ${s.stype});
% if s.shape:
         tongs_encode_shape_${s.name}_body(e, (const ${s.name} *)link);
% endif
         break;
% endif
% endfor
      default:
         break;
      }
   }
   tongs_encode_u32(e, 0);
}

static VkBaseOutStructure *
decode_shape_link(struct tongs_decoder *d, uint32_t stype, uint32_t parent)
{
   switch (stype) {
% for s in ir.structs:
% if s.chained and s.outputs:
   case ${s.stype}: {
      if (!may_extend(parent, TONGS_STRUCT_${s.name}))
         break;
      ${s.name} *v = tongs_decode_alloc(d, 1, sizeof(*v));
      if (!v)
         return NULL;
      v->sType = ${s.stype};
% if s.shape:
      tongs_decode_shape_${s.name}_body(d, v);
% endif
      return (VkBaseOutStructure *)v;
   }
% endif
% endfor
   default:
      break;
   }
   tongs_decoder_fail(d, TONGS_DECODE_CHAIN);
   return NULL;
}

void *
tongs_decode_shape_chain(struct tongs_decoder *d, uint32_t parent)
{
   VkBaseOutStructure *first = NULL, **end = &first;
   uint32_t count = 0;

   if (++d->depth > DEPTH_MAX)
      tongs_decoder_fail(d, TONGS_DECODE_CHAIN);

   for (uint32_t stype = tongs_decode_u32(d); stype; stype = tongs_decode_u32(d)) {
      bool repeated = count++ == LINKS_MAX;
      for (VkBaseOutStructure *link = first; link && !repeated; link = link->pNext)
         repeated = (uint32_t)link->sType == stype;
      if (repeated) {
         tongs_decoder_fail(d, TONGS_DECODE_CHAIN);
         break;
      }
      VkBaseOutStructure *link = decode_shape_link(d, stype, parent);
      if (d->error)
         break;
      *end = link;
      end = &link->pNext;
   }
   d->depth--;
   return d->error ? NULL : first;
}

void
tongs_decode_chain_into(struct tongs_decoder *d, void *next)
{
   VkBaseOutStructure *link = next;

   for (uint32_t stype = tongs_decode_u32(d); stype; stype = tongs_decode_u32(d)) {
      while (link && (uint32_t)link->sType != stype)
         link = link->pNext;
      if (!link) {
         tongs_decoder_fail(d, TONGS_DECODE_CHAIN);
         return;
      }
      switch (stype) {
% for s in ir.structs:
% if s.chained and s.outputs:
      case ${s.stype}:
         tongs_decode_${s.name}_into_body(d, (${s.name} *)link);
         break;
% endif
% endfor
      default:
         tongs_decoder_fail(d, TONGS_DECODE_CHAIN);
         return;
      }
      link = link->pNext;
   }
}

void
tongs_encode_returned_chain(struct tongs_encoder *e, const void *next)
{
   for (const VkBaseInStructure *link = next; link; link = link->pNext) {
      switch ((uint32_t)link->sType) {
% for s in ir.structs:
% if s.chained and s.returned:
      case ${s.stype}:
         tongs_encode_u32(e, ${s.stype});
         tongs_encode_returned_${s.name}(e, (const ${s.name} *)link);
         break;
% endif
% endfor
      default:
         break;
      }
   }
   tongs_encode_u32(e, 0);
}

void
tongs_decode_returned_chain(struct tongs_decoder *d, const void *next)
{
   const VkBaseInStructure *link = next;

   for (uint32_t stype = tongs_decode_u32(d); stype; stype = tongs_decode_u32(d)) {
      while (link && (uint32_t)link->sType != stype)
         link = link->pNext;
      if (!link) {
         tongs_decoder_fail(d, TONGS_DECODE_CHAIN);
         return;
      }
      switch (stype) {
% for s in ir.structs:
% if s.chained and s.returned:
      case ${s.stype}:
         tongs_decode_returned_${s.name}(d, (const ${s.name} *)link);
         break;
% endif
% endfor
      default:
         tongs_decoder_fail(d, TONGS_DECODE_CHAIN);
         return;
      }
      link = link->pNext;
   }
}
