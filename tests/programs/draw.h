/* SPDX-License-Identifier: MIT */
/*
 * A triangle drawn off-screen into an RGBA8 image, and its pixels read back.
 *
 *    prog_draw_init
 *    prog_draw_begin  prog_draw_triangle  prog_draw_end  prog_draw_read      (recorded)
 *    prog_draw_check
 *    prog_draw_finish
 */
#ifndef PROG_DRAW_H
#define PROG_DRAW_H

#include "tests/programs/common.h"

enum prog_draw_kind {
   PROG_DRAW_RENDER_PASS,
   PROG_DRAW_DYNAMIC,     /* Vulkan 1.3's names */
   PROG_DRAW_DYNAMIC_KHR, /* the extension's names; p->extensions[0] is VK_KHR_dynamic_rendering */
};

struct prog_draw {
   enum prog_draw_kind kind;
   uint32_t width;
   uint32_t height;
   struct prog_image colour;
   struct prog_buffer vertices;
   struct prog_buffer pixels; /* RGBA8, tightly packed */
   VkRenderPass render_pass;  /* these two for PROG_DRAW_RENDER_PASS only */
   VkFramebuffer framebuffer;
   VkPipelineLayout layout;
   VkPipeline pipeline;
   PFN_vkCmdBeginRendering begin_rendering; /* these two for the others only */
   PFN_vkCmdEndRendering end_rendering;
};

/* PROG_SKIPPED if the device has no graphics queue or cannot render in this way. */
enum prog_status
prog_draw_init(struct prog *p, struct prog_draw *draw, uint32_t width, uint32_t height,
               enum prog_draw_kind kind);

/* Clears, and begins the pass. The contents matter for PROG_DRAW_RENDER_PASS only. */
void
prog_draw_begin(const struct prog_draw *draw, VkCommandBuffer commands, VkSubpassContents contents);

/* Binds the pipeline and the vertices. */
void
prog_draw_bind(const struct prog_draw *draw, VkCommandBuffer commands);

void
prog_draw_triangle(const struct prog_draw *draw, VkCommandBuffer commands);

void
prog_draw_end(const struct prog_draw *draw, VkCommandBuffer commands);

/* Copies the image to draw->pixels, for the host to read. */
void
prog_draw_read(const struct prog_draw *draw, VkCommandBuffer commands);

/* Looks at pixels inside and outside of the triangle. */
enum prog_status
prog_draw_check(struct prog *p, const struct prog_draw *draw);

void
prog_draw_finish(struct prog *p, struct prog_draw *draw);

/*
 * The pipeline alone, for a caller that has the layouts. render_pass may be VK_NULL_HANDLE, then
 * the chain is a VkPipelineRenderingCreateInfo. Modules are made and destroyed by the caller.
 */
VkResult
prog_draw_pipeline(struct prog *p, const VkAllocationCallbacks *alloc, VkPipelineLayout layout,
                   VkRenderPass render_pass, const VkShaderModule modules[2], VkPipeline *pipeline);

/* One RGBA8 attachment that is cleared, and ends in TRANSFER_SRC_OPTIMAL. */
VkResult
prog_draw_render_pass(struct prog *p, const VkAllocationCallbacks *alloc,
                      VkRenderPass *render_pass);

#endif
