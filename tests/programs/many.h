/* SPDX-License-Identifier: MIT */
/*
 * The checks of the program `many`. Each takes a struct prog that went through prog_init, and
 * leaves nothing behind if all is right.
 */
#ifndef PROG_MANY_H
#define PROG_MANY_H

#include "tests/programs/common.h"

/* clang-format off */

/* many_device.c */
enum prog_status check_enumerations(struct prog *p);
enum prog_status check_properties(struct prog *p);
enum prog_status check_features(struct prog *p);
enum prog_status check_formats(struct prog *p);
enum prog_status check_image_formats(struct prog *p);
enum prog_status check_external_properties(struct prog *p);
enum prog_status check_memory_requirements(struct prog *p);
enum prog_status check_layout_support(struct prog *p);
enum prog_status check_several_instances(struct prog *p);
enum prog_status check_refusals(struct prog *p);

/* many_objects.c */
enum prog_status check_memory_types(struct prog *p);
enum prog_status check_suballocation(struct prog *p);
enum prog_status check_many_handles(struct prog *p);
enum prog_status check_destroy_null(struct prog *p);
enum prog_status check_buffer_views(struct prog *p);
enum prog_status check_update_template(struct prog *p);
enum prog_status check_copy_descriptors(struct prog *p);
enum prog_status check_descriptor_pools(struct prog *p);
enum prog_status check_dynamic_offsets(struct prog *p);
enum prog_status check_inline_uniform_block(struct prog *p);
enum prog_status check_specialization(struct prog *p);
enum prog_status check_buffer_device_address(struct prog *p);
enum prog_status check_pipeline_cache(struct prog *p);
enum prog_status check_private_data(struct prog *p);
enum prog_status check_sparse_binding(struct prog *p);

/* many_commands.c */
enum prog_status check_update_fill_copy_buffer(struct prog *p);
enum prog_status check_long_command_buffer(struct prog *p);
enum prog_status check_copy_commands2(struct prog *p);
enum prog_status check_push_constants(struct prog *p);
enum prog_status check_dispatch_indirect(struct prog *p);
enum prog_status check_dispatch_base(struct prog *p);
enum prog_status check_secondary_commands(struct prog *p);
enum prog_status check_resubmission(struct prog *p);
enum prog_status check_unused_recordings(struct prog *p);
enum prog_status check_command_pools(struct prog *p);

/* many_images.c */
enum prog_status check_images_and_views(struct prog *p);
enum prog_status check_samplers(struct prog *p);
enum prog_status check_subresource_layout(struct prog *p);
enum prog_status check_clear_color(struct prog *p);
enum prog_status check_clear_depth_stencil(struct prog *p);
enum prog_status check_copy_image(struct prog *p);
enum prog_status check_blit_image(struct prog *p);
enum prog_status check_resolve_image(struct prog *p);
enum prog_status check_sampled_image(struct prog *p);

/* many_draw.c */
enum prog_status check_draw_kinds(struct prog *p);
enum prog_status check_dynamic_rendering(struct prog *p);
enum prog_status check_render_pass2(struct prog *p);
enum prog_status check_secondary_draw(struct prog *p);
enum prog_status check_clear_attachments(struct prog *p);
enum prog_status check_occlusion_queries(struct prog *p);
enum prog_status check_statistics_queries(struct prog *p);
enum prog_status check_timestamp_queries(struct prog *p);

/* many_sync.c */
enum prog_status check_fences(struct prog *p);
enum prog_status check_events(struct prog *p);
enum prog_status check_binary_semaphores(struct prog *p);
enum prog_status check_timeline_semaphores(struct prog *p);
enum prog_status check_timeline_wait_before_signal(struct prog *p);
enum prog_status check_timeline_in_turn(struct prog *p);
enum prog_status check_timeline_of_host(struct prog *p);
enum prog_status check_synchronization2(struct prog *p);

#endif
