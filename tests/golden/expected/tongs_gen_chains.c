/* made by codegen/gen.py from tongs_gen_chains.c.mako: do not edit. SPDX-License-Identifier: MIT */
#include "tongs_gen_structs.h"

#include "tongs_gen_peer.h"

/* Enough for a chain of every feature struct: lavapipe has 65, the registry has about 250. */
#define LINKS_MAX 512
#define DEPTH_MAX 8

/* Which structs a chain may hold: pairs of parent and child, sorted. */
static const uint16_t extends[][2] = {
   {TONGS_STRUCT_VkArrays, TONGS_STRUCT_VkBothExtension},
   {TONGS_STRUCT_VkArrays, TONGS_STRUCT_VkInExtension},
   {TONGS_STRUCT_VkArrays, TONGS_STRUCT_VkPipelineCreationFeedbackCreateInfo},
   {TONGS_STRUCT_VkArrays, TONGS_STRUCT_VkRepeatedExtension},
   {TONGS_STRUCT_VkProperties2, TONGS_STRUCT_VkBothExtension},
   {TONGS_STRUCT_VkProperties2, TONGS_STRUCT_VkOutExtension},
   {TONGS_STRUCT_VkScalars, TONGS_STRUCT_VkInExtension},
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
   return low < sizeof(extends) / sizeof(extends[0]) && extends[low][0] == parent &&
      extends[low][1] == child;
}

static bool
may_repeat(uint32_t index)
{
   switch (index) {
   case TONGS_STRUCT_VkRepeatedExtension:
      return true;
   default:
      return false;
   }
}

/* Whether the worker would accept this link of the chain that begins with `first`. */
static bool
may_travel(const struct tongs_encoder *e, const VkBaseInStructure *first,
           const VkBaseInStructure *link, uint32_t parent,
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
encode_link(struct tongs_encoder *e, const VkBaseInStructure *first, const VkBaseInStructure *link,
            uint32_t parent)
{
   switch ((uint32_t)link->sType) {
   case VK_STRUCTURE_TYPE_BOTH_EXTENSION:
      if (!may_travel(e, first, link, parent, TONGS_STRUCT_VkBothExtension))
         break;
      tongs_encode_u32(e, VK_STRUCTURE_TYPE_BOTH_EXTENSION);
      tongs_encode_VkBothExtension_body(e, (const VkBothExtension *)link);
      break;
   case VK_STRUCTURE_TYPE_IN_EXTENSION:
      if (!may_travel(e, first, link, parent, TONGS_STRUCT_VkInExtension))
         break;
      tongs_encode_u32(e, VK_STRUCTURE_TYPE_IN_EXTENSION);
      tongs_encode_VkInExtension_body(e, (const VkInExtension *)link);
      break;
   case VK_STRUCTURE_TYPE_OUT_EXTENSION:
      if (!may_travel(e, first, link, parent, TONGS_STRUCT_VkOutExtension))
         break;
      tongs_encode_u32(e, VK_STRUCTURE_TYPE_OUT_EXTENSION);
      tongs_encode_VkOutExtension_body(e, (const VkOutExtension *)link);
      break;
   case VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO:
      if (!may_travel(e, first, link, parent, TONGS_STRUCT_VkPipelineCreationFeedbackCreateInfo))
         break;
      tongs_encode_u32(e, VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO);
      tongs_encode_VkPipelineCreationFeedbackCreateInfo_body(e,
            (const VkPipelineCreationFeedbackCreateInfo *)link);
      break;
   case VK_STRUCTURE_TYPE_REPEATED_EXTENSION:
      if (!may_travel(e, first, link, parent, TONGS_STRUCT_VkRepeatedExtension))
         break;
      tongs_encode_u32(e, VK_STRUCTURE_TYPE_REPEATED_EXTENSION);
      tongs_encode_VkRepeatedExtension_body(e, (const VkRepeatedExtension *)link);
      break;
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
   case VK_STRUCTURE_TYPE_BOTH_EXTENSION: {
      VkBothExtension *v = tongs_decode_alloc(d, 1, sizeof(*v));
      if (v)
         tongs_decode_VkBothExtension_body(d, v);
      *index = TONGS_STRUCT_VkBothExtension;
      return (VkBaseOutStructure *)v;
   }
   case VK_STRUCTURE_TYPE_IN_EXTENSION: {
      VkInExtension *v = tongs_decode_alloc(d, 1, sizeof(*v));
      if (v)
         tongs_decode_VkInExtension_body(d, v);
      *index = TONGS_STRUCT_VkInExtension;
      return (VkBaseOutStructure *)v;
   }
   case VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO: {
      VkPipelineCreationFeedbackCreateInfo *v = tongs_decode_alloc(d, 1, sizeof(*v));
      if (v)
         tongs_decode_VkPipelineCreationFeedbackCreateInfo_body(d, v);
      *index = TONGS_STRUCT_VkPipelineCreationFeedbackCreateInfo;
      return (VkBaseOutStructure *)v;
   }
   case VK_STRUCTURE_TYPE_REPEATED_EXTENSION: {
      VkRepeatedExtension *v = tongs_decode_alloc(d, 1, sizeof(*v));
      if (v)
         tongs_decode_VkRepeatedExtension_body(d, v);
      *index = TONGS_STRUCT_VkRepeatedExtension;
      return (VkBaseOutStructure *)v;
   }
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
      case VK_STRUCTURE_TYPE_BOTH_EXTENSION:
         if (!may_travel(e, next, link, parent, TONGS_STRUCT_VkBothExtension))
            break;
         tongs_encode_u32(e, VK_STRUCTURE_TYPE_BOTH_EXTENSION);
         tongs_encode_shape_VkBothExtension_body(e, (const VkBothExtension *)link);
         break;
      case VK_STRUCTURE_TYPE_OUT_EXTENSION:
         if (!may_travel(e, next, link, parent, TONGS_STRUCT_VkOutExtension))
            break;
         tongs_encode_u32(e, VK_STRUCTURE_TYPE_OUT_EXTENSION);
         tongs_encode_shape_VkOutExtension_body(e, (const VkOutExtension *)link);
         break;
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
   case VK_STRUCTURE_TYPE_BOTH_EXTENSION: {
      if (!may_extend(parent, TONGS_STRUCT_VkBothExtension))
         break;
      VkBothExtension *v = tongs_decode_alloc(d, 1, sizeof(*v));
      if (!v)
         return NULL;
      v->sType = VK_STRUCTURE_TYPE_BOTH_EXTENSION;
      tongs_decode_shape_VkBothExtension_body(d, v);
      return (VkBaseOutStructure *)v;
   }
   case VK_STRUCTURE_TYPE_OUT_EXTENSION: {
      if (!may_extend(parent, TONGS_STRUCT_VkOutExtension))
         break;
      VkOutExtension *v = tongs_decode_alloc(d, 1, sizeof(*v));
      if (!v)
         return NULL;
      v->sType = VK_STRUCTURE_TYPE_OUT_EXTENSION;
      tongs_decode_shape_VkOutExtension_body(d, v);
      return (VkBaseOutStructure *)v;
   }
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
      case VK_STRUCTURE_TYPE_BOTH_EXTENSION:
         tongs_decode_VkBothExtension_into_body(d, (VkBothExtension *)link);
         break;
      case VK_STRUCTURE_TYPE_OUT_EXTENSION:
         tongs_decode_VkOutExtension_into_body(d, (VkOutExtension *)link);
         break;
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
      case VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO:
         tongs_encode_u32(e, VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO);
         tongs_encode_returned_VkPipelineCreationFeedbackCreateInfo(e,
               (const VkPipelineCreationFeedbackCreateInfo *)link);
         break;
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
      case VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO:
         tongs_decode_returned_VkPipelineCreationFeedbackCreateInfo(d,
               (const VkPipelineCreationFeedbackCreateInfo *)link);
         break;
      default:
         tongs_decoder_fail(d, TONGS_DECODE_CHAIN);
         return;
      }
      link = link->pNext;
   }
}
