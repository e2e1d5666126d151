/* SPDX-License-Identifier: MIT */
/*
 * many: a bit of nearly everything that core Vulkan has, each in a small check with a name.
 *
 * Usage: many [--list | NAME...]
 */
#include "tests/programs/many.h"

#include "tests/programs/checks.h"

#define CHECK(name) \
   { \
#name, check_##name \
   }

static const struct prog_check checks[] = {
   CHECK(enumerations),
   CHECK(properties),
   CHECK(features),
   CHECK(formats),
   CHECK(image_formats),
   CHECK(external_properties),
   CHECK(memory_requirements),
   CHECK(layout_support),
   CHECK(several_instances),
   CHECK(refusals),
   CHECK(memory_types),
   CHECK(suballocation),
   CHECK(many_handles),
   CHECK(destroy_null),
   CHECK(buffer_views),
   CHECK(update_template),
   CHECK(copy_descriptors),
   CHECK(descriptor_pools),
   CHECK(dynamic_offsets),
   CHECK(inline_uniform_block),
   CHECK(specialization),
   CHECK(buffer_device_address),
   CHECK(pipeline_cache),
   CHECK(private_data),
   CHECK(sparse_binding),
   CHECK(update_fill_copy_buffer),
   CHECK(long_command_buffer),
   CHECK(copy_commands2),
   CHECK(push_constants),
   CHECK(dispatch_indirect),
   CHECK(dispatch_base),
   CHECK(secondary_commands),
   CHECK(resubmission),
   CHECK(unused_recordings),
   CHECK(command_pools),
   CHECK(images_and_views),
   CHECK(samplers),
   CHECK(subresource_layout),
   CHECK(clear_color),
   CHECK(clear_depth_stencil),
   CHECK(copy_image),
   CHECK(blit_image),
   CHECK(resolve_image),
   CHECK(sampled_image),
   CHECK(draw_kinds),
   CHECK(dynamic_rendering),
   CHECK(render_pass2),
   CHECK(secondary_draw),
   CHECK(clear_attachments),
   CHECK(occlusion_queries),
   CHECK(statistics_queries),
   CHECK(timestamp_queries),
   CHECK(fences),
   CHECK(events),
   CHECK(binary_semaphores),
   CHECK(timeline_semaphores),
   CHECK(timeline_wait_before_signal),
   CHECK(timeline_in_turn),
   CHECK(timeline_of_host),
   CHECK(synchronization2),
};

int
main(int argc, char **argv)
{
   return prog_checks_main(argc, argv, checks, PROG_COUNT(checks), PROG_CHECKS_WITH_DEVICE);
}
