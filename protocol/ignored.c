/* SPDX-License-Identifier: MIT */
#include "protocol/ignored.h"

#include <stddef.h>

#define VERTEX_INPUT VK_GRAPHICS_PIPELINE_LIBRARY_VERTEX_INPUT_INTERFACE_BIT_EXT
#define PRE_RASTERIZATION VK_GRAPHICS_PIPELINE_LIBRARY_PRE_RASTERIZATION_SHADERS_BIT_EXT
#define FRAGMENT_SHADER VK_GRAPHICS_PIPELINE_LIBRARY_FRAGMENT_SHADER_BIT_EXT
#define FRAGMENT_OUTPUT VK_GRAPHICS_PIPELINE_LIBRARY_FRAGMENT_OUTPUT_INTERFACE_BIT_EXT
#define ALL_SUBSETS (VERTEX_INPUT | PRE_RASTERIZATION | FRAGMENT_SHADER | FRAGMENT_OUTPUT)

#define TESSELLATION_STAGES \
   (VK_SHADER_STAGE_TESSELLATION_CONTROL_BIT | VK_SHADER_STAGE_TESSELLATION_EVALUATION_BIT)

/*
 * Dynamic state that makes a static value below the create info ignored. What makes a whole state
 * struct ignored, or only together with other states, is in the code.
 */
static const struct {
   VkDynamicState state;
   uint32_t bits;
} dynamic_bits[] = {
   {VK_DYNAMIC_STATE_VIEWPORT, TONGS_IGNORED_VIEWPORTS},
   {VK_DYNAMIC_STATE_VIEWPORT_WITH_COUNT, TONGS_IGNORED_VIEWPORTS},
   {VK_DYNAMIC_STATE_SCISSOR, TONGS_IGNORED_SCISSORS},
   {VK_DYNAMIC_STATE_SCISSOR_WITH_COUNT, TONGS_IGNORED_SCISSORS},
   {VK_DYNAMIC_STATE_VERTEX_INPUT_EXT, TONGS_IGNORED_VERTEX_INPUT},
   {VK_DYNAMIC_STATE_SAMPLE_MASK_EXT, TONGS_IGNORED_SAMPLE_MASK},
   {VK_DYNAMIC_STATE_SAMPLE_LOCATIONS_EXT, TONGS_IGNORED_SAMPLE_LOCATIONS},
   {VK_DYNAMIC_STATE_SAMPLE_LOCATIONS_ENABLE_EXT, TONGS_IGNORED_SAMPLE_LOCATIONS_ENABLE},
   {VK_DYNAMIC_STATE_LOGIC_OP_EXT, TONGS_IGNORED_LOGIC_OP},
   {VK_DYNAMIC_STATE_LOGIC_OP_ENABLE_EXT, TONGS_IGNORED_LOGIC_OP_ENABLE},
   {VK_DYNAMIC_STATE_VIEWPORT_W_SCALING_NV, TONGS_IGNORED_VIEWPORT_W_SCALINGS},
   {VK_DYNAMIC_STATE_VIEWPORT_SHADING_RATE_PALETTE_NV, TONGS_IGNORED_SHADING_RATE_PALETTES},
   {VK_DYNAMIC_STATE_EXCLUSIVE_SCISSOR_NV, TONGS_IGNORED_EXCLUSIVE_SCISSORS},
   {VK_DYNAMIC_STATE_DISCARD_RECTANGLE_EXT, TONGS_IGNORED_DISCARD_RECTANGLES},
   {VK_DYNAMIC_STATE_COVERAGE_MODULATION_TABLE_NV, TONGS_IGNORED_COVERAGE_TABLE},
   {VK_DYNAMIC_STATE_COVERAGE_MODULATION_TABLE_ENABLE_NV, TONGS_IGNORED_COVERAGE_TABLE_ENABLE},
   {VK_DYNAMIC_STATE_FRAGMENT_SHADING_RATE_KHR, TONGS_IGNORED_FRAGMENT_SHADING_RATE},
#ifdef VK_EXT_depth_clamp_control
   {VK_DYNAMIC_STATE_DEPTH_CLAMP_RANGE_EXT, TONGS_IGNORED_DEPTH_CLAMP_RANGE},
#endif
};

static const void *
chain_find(const void *pNext, VkStructureType type)
{
   for (const VkBaseInStructure *s = pNext; s; s = s->pNext) {
      if (s->sType == type)
         return s;
   }
   return NULL;
}

/* Wider flags in the chain replace it: VUID-VkGraphicsPipelineCreateInfo-None-09497 */
static uint64_t
pipeline_flags(VkPipelineCreateFlags flags, const void *pNext)
{
#ifdef VK_KHR_maintenance5
   const VkPipelineCreateFlags2CreateInfoKHR *wide =
      chain_find(pNext, VK_STRUCTURE_TYPE_PIPELINE_CREATE_FLAGS_2_CREATE_INFO_KHR);

   if (wide)
      return wide->flags;
#endif
   (void)pNext;
   return flags;
}

/* VUID-Vk*PipelineCreateInfo*-flags-07984: the handle is used with DERIVATIVE and index -1 only. */
static uint32_t
base_pipeline(uint64_t flags, int32_t index)
{
   bool used = (flags & VK_PIPELINE_CREATE_DERIVATIVE_BIT) && index == -1;

   return used ? 0 : TONGS_IGNORED_BASE_PIPELINE;
}

static bool
dynamic_has(const VkPipelineDynamicStateCreateInfo *dynamic, VkDynamicState state)
{
   for (uint32_t i = 0; dynamic && i < dynamic->dynamicStateCount; i++) {
      if (dynamic->pDynamicStates[i] == state)
         return true;
   }
   return false;
}

static uint32_t
ignored_by_dynamic_state(const VkPipelineDynamicStateCreateInfo *dynamic)
{
   uint32_t ignored = 0;

   for (size_t i = 0; i < sizeof(dynamic_bits) / sizeof(dynamic_bits[0]); i++) {
      if (dynamic_has(dynamic, dynamic_bits[i].state))
         ignored |= dynamic_bits[i].bits;
   }

   /* VUID-VkPipelineColorBlendStateCreateInfo-pAttachments-07353: only all four together */
   if (dynamic_has(dynamic, VK_DYNAMIC_STATE_COLOR_BLEND_ADVANCED_EXT) &&
       dynamic_has(dynamic, VK_DYNAMIC_STATE_COLOR_BLEND_ENABLE_EXT) &&
       dynamic_has(dynamic, VK_DYNAMIC_STATE_COLOR_BLEND_EQUATION_EXT) &&
       dynamic_has(dynamic, VK_DYNAMIC_STATE_COLOR_WRITE_MASK_EXT))
      ignored |= TONGS_IGNORED_BLEND_ATTACHMENTS;
   return ignored;
}

static VkShaderStageFlags
stages_of(const VkPipelineShaderStageCreateInfo *stages, uint32_t count)
{
   VkShaderStageFlags flags = 0;

   for (uint32_t i = 0; stages && i < count; i++)
      flags |= stages[i].stage;
   return flags;
}

/*
 * The state subsets that the create info itself holds. "If this structure is omitted, and either
 * flags includes VK_PIPELINE_CREATE_LIBRARY_BIT_KHR or the pNext chain includes a
 * VkPipelineLibraryCreateInfoKHR structure with a libraryCount greater than 0, it is as if flags is
 * 0. Otherwise if this structure is omitted, it is as if flags includes all possible subsets."
 */
static VkGraphicsPipelineLibraryFlagsEXT
own_subsets(const VkGraphicsPipelineCreateInfo *v, uint32_t library_count)
{
   const VkGraphicsPipelineLibraryCreateInfoEXT *info =
      chain_find(v->pNext, VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_LIBRARY_CREATE_INFO_EXT);

   if (info)
      return info->flags;
   if (library_count > 0)
      return 0;
   return pipeline_flags(v->flags, v->pNext) & VK_PIPELINE_CREATE_LIBRARY_BIT_KHR ? 0 : ALL_SUBSETS;
}

/* The state that the linked libraries contain. An unknown library may contain all state. */
static struct tongs_pipeline_state
state_of_libraries(const VkPipelineLibraryCreateInfoKHR *libraries,
                   const struct tongs_ignored_lookup *lookup)
{
   struct tongs_pipeline_state all = {.aspects = TONGS_ASPECTS_UNKNOWN};

   for (uint32_t i = 0; libraries && i < libraries->libraryCount; i++) {
      if (!lookup) {
         all.subsets = ALL_SUBSETS;
         all.stages = VK_SHADER_STAGE_ALL;
         break;
      }
      const struct tongs_pipeline_state *one = lookup->library(libraries->pLibraries[i]);

      all.subsets |= one->subsets;
      all.stages |= one->stages;
      all.discards |= one->discards;
      if (one->aspects != TONGS_ASPECTS_UNKNOWN)
         all.aspects = one->aspects;
   }
   return all;
}

/* Called when fragment output is part of the create info itself and there is no render pass. */
static VkImageAspectFlags
aspects_of_formats(const void *pNext)
{
   const VkPipelineRenderingCreateInfo *formats =
      chain_find(pNext, VK_STRUCTURE_TYPE_PIPELINE_RENDERING_CREATE_INFO);
   VkImageAspectFlags aspects = 0;

#ifdef VK_EXT_custom_resolve
   /* the resolve has formats of its own, in which the blend and depth states are used, too */
   if (chain_find(pNext, VK_STRUCTURE_TYPE_CUSTOM_RESOLVE_CREATE_INFO_EXT))
      return TONGS_ASPECTS_UNKNOWN;
#endif
   if (!formats)
      return 0;
   for (uint32_t i = 0; formats->pColorAttachmentFormats && i < formats->colorAttachmentCount;
        i++) {
      if (formats->pColorAttachmentFormats[i] != VK_FORMAT_UNDEFINED)
         aspects |= VK_IMAGE_ASPECT_COLOR_BIT;
   }
   if (formats->depthAttachmentFormat != VK_FORMAT_UNDEFINED)
      aspects |= VK_IMAGE_ASPECT_DEPTH_BIT;
   if (formats->stencilAttachmentFormat != VK_FORMAT_UNDEFINED)
      aspects |= VK_IMAGE_ASPECT_STENCIL_BIT;
   return aspects;
}

static VkImageAspectFlags
aspects_of_attachments(const VkGraphicsPipelineCreateInfo *v, VkGraphicsPipelineLibraryFlagsEXT own,
                       const struct tongs_ignored_lookup *lookup)
{
   if ((own & ~VERTEX_INPUT) && v->renderPass)
      return lookup ? lookup->subpass(v->renderPass, v->subpass) : TONGS_ASPECTS_UNKNOWN;
   return own & FRAGMENT_OUTPUT ? aspects_of_formats(v->pNext) : TONGS_ASPECTS_UNKNOWN;
}

/* VkGraphicsPipelineCreateInfo: VUIDs -00751, -02096, -06601, -09022, -09024, -09031 to -09037 */
static uint32_t
ignored_states(VkGraphicsPipelineLibraryFlagsEXT own, const struct tongs_pipeline_state *all)
{
   const VkImageAspectFlags depth_stencil =
      VK_IMAGE_ASPECT_DEPTH_BIT | VK_IMAGE_ASPECT_STENCIL_BIT | TONGS_ASPECTS_UNKNOWN;
   const VkImageAspectFlags color = VK_IMAGE_ASPECT_COLOR_BIT | TONGS_ASPECTS_UNKNOWN;
   bool vertices =
      !(all->subsets & PRE_RASTERIZATION) || (all->stages & VK_SHADER_STAGE_VERTEX_BIT);
   bool pre_rasterization = own & PRE_RASTERIZATION;
   bool fragments = !all->discards;
   uint32_t ignored = 0;

   if (!(own & VERTEX_INPUT) || !vertices)
      ignored |= TONGS_IGNORED_VERTEX_INPUT | TONGS_IGNORED_INPUT_ASSEMBLY;
   if (!pre_rasterization)
      ignored |= TONGS_IGNORED_RASTERIZATION;
   if (!pre_rasterization || !(all->stages & TESSELLATION_STAGES))
      ignored |= TONGS_IGNORED_TESSELLATION;
   if (!pre_rasterization || !fragments)
      ignored |= TONGS_IGNORED_VIEWPORT_STATE;
   if (!(own & (FRAGMENT_SHADER | FRAGMENT_OUTPUT)) || !fragments)
      ignored |= TONGS_IGNORED_MULTISAMPLE;
   if (!(own & FRAGMENT_SHADER) || !fragments || !(all->aspects & depth_stencil))
      ignored |= TONGS_IGNORED_DEPTH_STENCIL;
   if (!(own & FRAGMENT_OUTPUT) || !fragments || !(all->aspects & color))
      ignored |= TONGS_IGNORED_COLOR_BLEND;
   return ignored;
}

uint32_t
tongs_ignored_in_graphics_pipeline_with(const VkGraphicsPipelineCreateInfo *v,
                                        const struct tongs_ignored_lookup *lookup,
                                        struct tongs_pipeline_state *state)
{
   const VkPipelineLibraryCreateInfoKHR *libraries =
      chain_find(v->pNext, VK_STRUCTURE_TYPE_PIPELINE_LIBRARY_CREATE_INFO_KHR);
   VkGraphicsPipelineLibraryFlagsEXT own = own_subsets(v, libraries ? libraries->libraryCount : 0);
   struct tongs_pipeline_state all = state_of_libraries(libraries, lookup);
   VkImageAspectFlags aspects = aspects_of_attachments(v, own, lookup);
   uint32_t ignored = ignored_by_dynamic_state(v->pDynamicState);

   all.subsets |= own;
   if (aspects != TONGS_ASPECTS_UNKNOWN)
      all.aspects = aspects;
   if (own & (PRE_RASTERIZATION | FRAGMENT_SHADER)) /* VUID -flags-06640 */
      all.stages |= stages_of(v->pStages, v->stageCount);
   else
      ignored |= TONGS_IGNORED_STAGES;
   if (own & PRE_RASTERIZATION) {
      all.discards = v->pRasterizationState && v->pRasterizationState->rasterizerDiscardEnable &&
                     !dynamic_has(v->pDynamicState, VK_DYNAMIC_STATE_RASTERIZER_DISCARD_ENABLE);
   }

   ignored |= ignored_states(own, &all);
   if (!(own & ~VERTEX_INPUT)) /* VUID -flags-06643 */
      ignored |= TONGS_IGNORED_RENDER_PASS;
   if (!(own & FRAGMENT_OUTPUT) || v->renderPass) /* VUIDs -renderPass-06579 and -06580 */
      ignored |= TONGS_IGNORED_RENDERING_FORMATS;
   /* VUIDs -layout-06602, -None-07826 and -layout-07827: needed for what is linked, too */
   if (!(all.subsets & PRE_RASTERIZATION) && !((all.subsets & FRAGMENT_SHADER) && !all.discards))
      ignored |= TONGS_IGNORED_LAYOUT;
   ignored |= base_pipeline(pipeline_flags(v->flags, v->pNext), v->basePipelineIndex);

   if (state)
      *state = all;
   return ignored;
}

uint32_t
tongs_ignored_in_graphics_pipeline(const VkGraphicsPipelineCreateInfo *v)
{
   return tongs_ignored_in_graphics_pipeline_with(v, NULL, NULL);
}

uint32_t
tongs_ignored_in_shader_group(const VkGraphicsShaderGroupCreateInfoNV *v, uint32_t outer)
{
   VkShaderStageFlags stages = stages_of(v->pStages, v->stageCount);

   if (!(stages & VK_SHADER_STAGE_VERTEX_BIT))
      outer |= TONGS_IGNORED_VERTEX_INPUT;
   if (!(stages & TESSELLATION_STAGES))
      outer |= TONGS_IGNORED_TESSELLATION;
   return outer;
}

uint32_t
tongs_ignored_in_compute_pipeline(const VkComputePipelineCreateInfo *v)
{
   return base_pipeline(pipeline_flags(v->flags, v->pNext), v->basePipelineIndex);
}

uint32_t
tongs_ignored_in_ray_tracing_pipeline(const VkRayTracingPipelineCreateInfoKHR *v)
{
   uint64_t flags = pipeline_flags(v->flags, v->pNext);
   uint32_t ignored = base_pipeline(flags, v->basePipelineIndex);

   /* VUID -rayTracingPipelineShaderGroupHandleCaptureReplay-03599 */
   if (!(flags & VK_PIPELINE_CREATE_RAY_TRACING_SHADER_GROUP_HANDLE_CAPTURE_REPLAY_BIT_KHR))
      ignored |= TONGS_IGNORED_GROUP_HANDLES;
   return ignored;
}

uint32_t
tongs_ignored_in_ray_tracing_pipeline_nv(const VkRayTracingPipelineCreateInfoNV *v)
{
   return base_pipeline(pipeline_flags(v->flags, v->pNext), v->basePipelineIndex);
}

uint32_t
tongs_ignored_in_command_buffer_begin(const VkCommandBufferBeginInfo *v, uint32_t outer)
{
   uint32_t ignored = outer & TONGS_IGNORED_INHERITANCE;

   if (!(v->flags & VK_COMMAND_BUFFER_USAGE_RENDER_PASS_CONTINUE_BIT))
      ignored |= TONGS_IGNORED_RENDER_PASS | TONGS_IGNORED_RENDERING_FORMATS;
   return ignored;
}

uint32_t
tongs_ignored_in_command_buffer_inheritance(const VkCommandBufferInheritanceInfo *v, uint32_t outer)
{
   /*
    * Of the struct with the formats for dynamic rendering: "If renderPass is not VK_NULL_HANDLE
    * [...] parameters of this structure are ignored."
    */
   if (!(outer & TONGS_IGNORED_RENDER_PASS) && v->renderPass)
      outer |= TONGS_IGNORED_RENDERING_FORMATS;
   return outer;
}

uint32_t
tongs_ignored_in_image_descriptor(VkDescriptorType type)
{
   switch (type) {
   case VK_DESCRIPTOR_TYPE_SAMPLER:
      return TONGS_IGNORED_IMAGE_VIEW | TONGS_IGNORED_IMAGE_LAYOUT;
   case VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER:
      return 0;
   case VK_DESCRIPTOR_TYPE_SAMPLED_IMAGE:
   case VK_DESCRIPTOR_TYPE_STORAGE_IMAGE:
   case VK_DESCRIPTOR_TYPE_INPUT_ATTACHMENT:
   case VK_DESCRIPTOR_TYPE_SAMPLE_WEIGHT_IMAGE_QCOM:
   case VK_DESCRIPTOR_TYPE_BLOCK_MATCH_IMAGE_QCOM:
      return TONGS_IGNORED_SAMPLER;
   default:
      return TONGS_IGNORED_SAMPLER | TONGS_IGNORED_IMAGE_VIEW | TONGS_IGNORED_IMAGE_LAYOUT;
   }
}

uint32_t
tongs_ignored_in_descriptor_write(const VkWriteDescriptorSet *v, uint32_t outer)
{
   return (outer & TONGS_IGNORED_DST_SET) | tongs_ignored_in_image_descriptor(v->descriptorType);
}

uint32_t
tongs_ignored_in_descriptor_get(const VkDescriptorGetInfoEXT *v)
{
   return tongs_ignored_in_image_descriptor(v->type);
}
