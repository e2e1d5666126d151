/* made by codegen/gen.py from tongs_gen_output.c.mako: do not edit. SPDX-License-Identifier: MIT */
#include "tongs_gen_structs.h"

#include "protocol/ignored.h"

#include "tongs_gen_types.h"

void
tongs_encode_shape_VkBothExtension_body(struct tongs_encoder *e, const VkBothExtension *v)
{
   (void)e, (void)v;
}

void
tongs_decode_shape_VkBothExtension_body(struct tongs_decoder *d, VkBothExtension *v)
{
   v->sType = VK_STRUCTURE_TYPE_BOTH_EXTENSION;
   (void)d, (void)v;
}

void
tongs_encode_shape_VkBothExtension(struct tongs_encoder *e, const VkBothExtension *v)
{
   tongs_encode_shape_chain(e, v->pNext, TONGS_STRUCT_VkBothExtension);
   tongs_encode_shape_VkBothExtension_body(e, v);
}

void
tongs_decode_shape_VkBothExtension(struct tongs_decoder *d, VkBothExtension *v)
{
   v->pNext = tongs_decode_shape_chain(d, TONGS_STRUCT_VkBothExtension);
   tongs_decode_shape_VkBothExtension_body(d, v);
}

void
tongs_decode_VkBothExtension_into_body(struct tongs_decoder *d, VkBothExtension *v)
{
   v->feature = (VkBool32)tongs_decode_u32(d);
   (void)d, (void)v;
}

void
tongs_decode_VkBothExtension_into(struct tongs_decoder *d, VkBothExtension *v)
{
   tongs_decode_chain_into(d, (void *)v->pNext);
   tongs_decode_VkBothExtension_into_body(d, v);
}

void
tongs_decode_VkLimits_into(struct tongs_decoder *d, VkLimits *v)
{
   v->maxCount = (uint32_t)tongs_decode_u32(d);
   v->exact = (VkBool32)tongs_decode_u32(d);
   v->maxSize = (VkDeviceSize)tongs_decode_u64(d);
   v->alignment = (size_t)tongs_decode_size(d);
   tongs_decode_fixed(d, v->name, sizeof(v->name));
   v->name[sizeof(v->name) - 1] = 0;
   (void)d, (void)v;
}

void
tongs_decode_VkLimits_array_into(struct tongs_decoder *d, VkLimits *v, uint64_t capacity)
{
   uint32_t count = tongs_decode_u32(d);

   if (count && (!v || count > capacity)) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      return;
   }
   for (uint32_t i = 0; i < count && !d->error; i++)
      tongs_decode_VkLimits_into(d, &v[i]);
}

void
tongs_encode_shape_VkOutExtension_body(struct tongs_encoder *e, const VkOutExtension *v)
{
   tongs_encode_u64(e, v->layoutCount);
   tongs_encode_u32(e, v->pLayouts != NULL);
   tongs_encode_u64(e, v->layoutCount);
   tongs_encode_u32(e, v->pLimits != NULL);
   (void)e, (void)v;
}

void
tongs_decode_shape_VkOutExtension_body(struct tongs_decoder *d, VkOutExtension *v)
{
   v->sType = VK_STRUCTURE_TYPE_OUT_EXTENSION;
   v->layoutCount = tongs_decode_u64(d);
   if (tongs_decode_u32(d) && !d->error)
      v->pLayouts = tongs_decode_room(d, v->layoutCount, sizeof(*v->pLayouts));
   v->layoutCount = tongs_decode_u64(d);
   if (tongs_decode_u32(d) && !d->error)
      v->pLimits = tongs_decode_room(d, v->layoutCount, sizeof(*v->pLimits));
   (void)d, (void)v;
}

void
tongs_encode_shape_VkOutExtension(struct tongs_encoder *e, const VkOutExtension *v)
{
   tongs_encode_shape_chain(e, v->pNext, TONGS_STRUCT_VkOutExtension);
   tongs_encode_shape_VkOutExtension_body(e, v);
}

void
tongs_decode_shape_VkOutExtension(struct tongs_decoder *d, VkOutExtension *v)
{
   v->pNext = tongs_decode_shape_chain(d, TONGS_STRUCT_VkOutExtension);
   tongs_decode_shape_VkOutExtension_body(d, v);
}

void
tongs_decode_VkOutExtension_into_body(struct tongs_decoder *d, VkOutExtension *v)
{
   const uint64_t pLayouts_capacity = v->pLayouts ? v->layoutCount : 0;
   const uint64_t pLimits_capacity = v->pLimits ? v->layoutCount : 0;
   v->layoutCount = (uint32_t)tongs_decode_u32(d);
   tongs_decode_array_into(d, (void *)v->pLayouts, pLayouts_capacity, 4);
   tongs_decode_VkLimits_array_into(d, (VkLimits *)v->pLimits, pLimits_capacity);
   if (v->pLayouts && v->layoutCount > pLayouts_capacity) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      v->layoutCount = 0;
   }
   if (v->pLimits && v->layoutCount > pLimits_capacity) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      v->layoutCount = 0;
   }
   (void)d, (void)v;
}

void
tongs_decode_VkOutExtension_into(struct tongs_decoder *d, VkOutExtension *v)
{
   tongs_decode_chain_into(d, (void *)v->pNext);
   tongs_decode_VkOutExtension_into_body(d, v);
}

void
tongs_decode_VkPipelineCreationFeedback_into(struct tongs_decoder *d, VkPipelineCreationFeedback *v)
{
   v->flags = (uint32_t)tongs_decode_u32(d);
   v->duration = (uint64_t)tongs_decode_u64(d);
   (void)d, (void)v;
}

void
tongs_decode_VkPipelineCreationFeedback_array_into(struct tongs_decoder *d,
                                                   VkPipelineCreationFeedback *v, uint64_t capacity)
{
   uint32_t count = tongs_decode_u32(d);

   if (count && (!v || count > capacity)) {
      tongs_decoder_fail(d, TONGS_DECODE_COUNT);
      return;
   }
   for (uint32_t i = 0; i < count && !d->error; i++)
      tongs_decode_VkPipelineCreationFeedback_into(d, &v[i]);
}

void
tongs_encode_shape_VkProperties2(struct tongs_encoder *e, const VkProperties2 *v)
{
   tongs_encode_shape_chain(e, v->pNext, TONGS_STRUCT_VkProperties2);
   (void)e, (void)v;
}

void
tongs_decode_shape_VkProperties2(struct tongs_decoder *d, VkProperties2 *v)
{
   v->sType = VK_STRUCTURE_TYPE_PROPERTIES_2;
   v->pNext = tongs_decode_shape_chain(d, TONGS_STRUCT_VkProperties2);
   (void)d, (void)v;
}

void
tongs_decode_VkProperties2_into(struct tongs_decoder *d, VkProperties2 *v)
{
   tongs_decode_chain_into(d, (void *)v->pNext);
   tongs_decode_VkLimits_into(d, &v->limits);
   (void)d, (void)v;
}


void
tongs_encode_returned_VkArrays(struct tongs_encoder *e, const VkArrays *v)
{
   tongs_encode_returned_chain(e, v->pNext);
}

void
tongs_decode_returned_VkArrays(struct tongs_decoder *d, const VkArrays *v)
{
   tongs_decode_returned_chain(d, v->pNext);
}

void
tongs_encode_returned_VkPipelineCreationFeedbackCreateInfo(struct tongs_encoder *e,
                                                           const VkPipelineCreationFeedbackCreateInfo *v)
{
   tongs_encode_VkPipelineCreationFeedback_array(e, v->pPipelineCreationFeedback, 1);
   tongs_encode_VkPipelineCreationFeedback_array(e, v->pPipelineStageCreationFeedbacks,
                                                 v->pipelineStageCreationFeedbackCount);
}

void
tongs_decode_returned_VkPipelineCreationFeedbackCreateInfo(struct tongs_decoder *d,
                                                           const VkPipelineCreationFeedbackCreateInfo *v)
{
   tongs_decode_VkPipelineCreationFeedback_array_into(d, v->pPipelineCreationFeedback,
                                                      v->pPipelineCreationFeedback ? 1 : 0);
   tongs_decode_VkPipelineCreationFeedback_array_into(d, v->pPipelineStageCreationFeedbacks,
                                                      v->pPipelineStageCreationFeedbacks ?
                                                      v->pipelineStageCreationFeedbackCount : 0);
}
