/* SPDX-License-Identifier: MIT */
/*
 * Members that Vulkan lets an application leave as garbage.
 *
 * Most rules look at their own struct only and are expressions in codegen/ignored.py. Those below
 * need an enclosing struct. The generated encoder of that struct asks its function here for a set
 * of TONGS_IGNORED_* bits and keeps it as e->ignored while it encodes the struct's members and its
 * pNext chain; then it puts the previous set back. The members' expressions test the bits. A set
 * bit means: do not read the member, send it as absent.
 *
 * No function here allocates, fails or follows a handle. Each reads a member only after it knows
 * that the member itself is not ignored.
 */
#ifndef TONGS_IGNORED_H
#define TONGS_IGNORED_H

#include <stdbool.h>
#include <stdint.h>

#include <vulkan/vulkan_core.h>

/*
 * The bits, for a uint32_t. Pipelines, descriptors and size queries share values: no encoder of one
 * of these groups tests a bit inside a struct of another.
 */
enum {
   /* Pipelines and command buffer inheritance: members of the create info. */
   TONGS_IGNORED_STAGES = 1u << 0,
   TONGS_IGNORED_VERTEX_INPUT = 1u << 1,
   TONGS_IGNORED_INPUT_ASSEMBLY = 1u << 2,
   TONGS_IGNORED_TESSELLATION = 1u << 3,
   TONGS_IGNORED_VIEWPORT_STATE = 1u << 4,
   TONGS_IGNORED_RASTERIZATION = 1u << 5,
   TONGS_IGNORED_MULTISAMPLE = 1u << 6,
   TONGS_IGNORED_DEPTH_STENCIL = 1u << 7,
   TONGS_IGNORED_COLOR_BLEND = 1u << 8,
   TONGS_IGNORED_LAYOUT = 1u << 9,
   TONGS_IGNORED_RENDER_PASS = 1u << 10,
   TONGS_IGNORED_BASE_PIPELINE = 1u << 11,
   TONGS_IGNORED_RENDERING_FORMATS = 1u << 12, /* of VkPipelineRenderingCreateInfo and its like */
   TONGS_IGNORED_GROUP_HANDLES = 1u << 13,     /* of ray tracing groups, for capture and replay */
   TONGS_IGNORED_INHERITANCE = 1u << 14,       /* set by the ICD for a primary, beforehand */

   /* Pipelines: members of structs below the create info whose value is dynamic state. */
   TONGS_IGNORED_VIEWPORTS = 1u << 15,
   TONGS_IGNORED_SCISSORS = 1u << 16,
   TONGS_IGNORED_SAMPLE_MASK = 1u << 17,
   TONGS_IGNORED_SAMPLE_LOCATIONS = 1u << 18,
   TONGS_IGNORED_SAMPLE_LOCATIONS_ENABLE = 1u << 19,
   TONGS_IGNORED_LOGIC_OP = 1u << 20,
   TONGS_IGNORED_LOGIC_OP_ENABLE = 1u << 21,
   TONGS_IGNORED_BLEND_ATTACHMENTS = 1u << 22,
   TONGS_IGNORED_VIEWPORT_W_SCALINGS = 1u << 23,
   TONGS_IGNORED_SHADING_RATE_PALETTES = 1u << 24,
   TONGS_IGNORED_EXCLUSIVE_SCISSORS = 1u << 25,
   TONGS_IGNORED_DISCARD_RECTANGLES = 1u << 26,
   TONGS_IGNORED_COVERAGE_TABLE = 1u << 27,
   TONGS_IGNORED_COVERAGE_TABLE_ENABLE = 1u << 28,
   TONGS_IGNORED_FRAGMENT_SHADING_RATE = 1u << 29,
   TONGS_IGNORED_DEPTH_CLAMP_RANGE = 1u << 30,

   /* Descriptors. */
   TONGS_IGNORED_SAMPLER = 1u << 0,
   TONGS_IGNORED_IMAGE_VIEW = 1u << 1,
   TONGS_IGNORED_IMAGE_LAYOUT = 1u << 2,
   TONGS_IGNORED_DST_SET = 1u << 3, /* of a push descriptor */

   /* Queries of the size of an acceleration structure or micromap. */
   TONGS_IGNORED_BUILD_TARGETS = 1u << 0,
};

/* In tongs_pipeline_state.aspects: nothing is known yet of the attachments. */
#define TONGS_ASPECTS_UNKNOWN VK_IMAGE_ASPECT_METADATA_BIT

/* The facts about a library that a pipeline which links it must know. */
struct tongs_pipeline_state {
   VkGraphicsPipelineLibraryFlagsEXT subsets; /* its own and those of the libraries in it */
   VkShaderStageFlags stages;
   VkImageAspectFlags aspects; /* colour, depth and stencil of its attachments, or unknown */
   bool discards;              /* rasterization is switched off, and not dynamically */
};

/* Questions that only the owner of the client's objects can answer. The handles are valid. */
struct tongs_ignored_lookup {
   /* The aspects of the attachments of a subpass: colour, depth, stencil; none is 0. */
   VkImageAspectFlags (*subpass)(VkRenderPass pass, uint32_t subpass);
   /* The state that tongs_ignored_in_graphics_pipeline_with() stored when the library was made. */
   const struct tongs_pipeline_state *(*library)(VkPipeline library);
};

/*
 * With lookup the answer is exact. Without it (lookup == NULL) whatever depends on a render pass or
 * on a linked library counts as used. state may be NULL; else it gets what the new pipeline is made
 * of. The pipeline cannot be asked later: keep them with it if it is a library.
 */
uint32_t
tongs_ignored_in_graphics_pipeline_with(const VkGraphicsPipelineCreateInfo *v,
                                        const struct tongs_ignored_lookup *lookup,
                                        struct tongs_pipeline_state *state);

uint32_t
tongs_ignored_in_graphics_pipeline(const VkGraphicsPipelineCreateInfo *v);

/* One of the groups of VK_NV_device_generated_commands, inside a pipeline whose bits are outer. */
uint32_t
tongs_ignored_in_shader_group(const VkGraphicsShaderGroupCreateInfoNV *v, uint32_t outer);

uint32_t
tongs_ignored_in_compute_pipeline(const VkComputePipelineCreateInfo *v);

uint32_t
tongs_ignored_in_ray_tracing_pipeline(const VkRayTracingPipelineCreateInfoKHR *v);

uint32_t
tongs_ignored_in_ray_tracing_pipeline_nv(const VkRayTracingPipelineCreateInfoNV *v);

/* outer brings TONGS_IGNORED_INHERITANCE, which is kept. */
uint32_t
tongs_ignored_in_command_buffer_begin(const VkCommandBufferBeginInfo *v, uint32_t outer);

/* outer: the bits of the begin info around it. */
uint32_t
tongs_ignored_in_command_buffer_inheritance(const VkCommandBufferInheritanceInfo *v,
                                            uint32_t outer);

/* outer brings TONGS_IGNORED_DST_SET, which is kept. */
uint32_t
tongs_ignored_in_descriptor_write(const VkWriteDescriptorSet *v, uint32_t outer);

uint32_t
tongs_ignored_in_descriptor_get(const VkDescriptorGetInfoEXT *v);

/* The members of VkDescriptorImageInfo that a descriptor type ignores; for update templates, too.
 */
uint32_t
tongs_ignored_in_image_descriptor(VkDescriptorType type);

#endif
