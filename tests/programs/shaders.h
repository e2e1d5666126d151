/* SPDX-License-Identifier: MIT */
/* The shaders of shaders/, as SPIR-V. */
#ifndef PROG_SHADERS_H
#define PROG_SHADERS_H

#include "tests/programs/common.h"

extern const struct prog_shader prog_shader_address;
extern const struct prog_shader prog_shader_inline_block;
extern const struct prog_shader prog_shader_sample;
extern const struct prog_shader prog_shader_sum;
extern const struct prog_shader prog_shader_texel;
extern const struct prog_shader prog_shader_triangle_frag;
extern const struct prog_shader prog_shader_triangle_vert;
extern const struct prog_shader prog_shader_write;

#endif
