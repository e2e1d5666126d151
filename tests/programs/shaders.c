/* SPDX-License-Identifier: MIT */
#include "tests/programs/shaders.h"

/* Each holds one array of words, named as its file. */
#include "address_comp.h"
#include "inline_block_comp.h"
#include "sample_comp.h"
#include "sum_comp.h"
#include "texel_comp.h"
#include "triangle_frag.h"
#include "triangle_vert.h"
#include "write_comp.h"

#define SHADER(words) \
   { \
      words, sizeof(words) \
   }

const struct prog_shader prog_shader_address = SHADER(address_comp);
const struct prog_shader prog_shader_inline_block = SHADER(inline_block_comp);
const struct prog_shader prog_shader_sample = SHADER(sample_comp);
const struct prog_shader prog_shader_sum = SHADER(sum_comp);
const struct prog_shader prog_shader_texel = SHADER(texel_comp);
const struct prog_shader prog_shader_triangle_frag = SHADER(triangle_frag);
const struct prog_shader prog_shader_triangle_vert = SHADER(triangle_vert);
const struct prog_shader prog_shader_write = SHADER(write_comp);
