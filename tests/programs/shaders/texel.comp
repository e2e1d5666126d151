#version 450
// SPDX-License-Identifier: MIT
// Texel buffers: widens bytes through a uniform one, doubles them into a storage one.
layout(local_size_x = 1) in;
layout(set = 0, binding = 0) uniform usamplerBuffer source;
layout(set = 0, binding = 1, r32ui) uniform writeonly uimageBuffer target;

void main()
{
   int i = int(gl_GlobalInvocationID.x);
   imageStore(target, i, texelFetch(source, i) * 2u);
}
