#version 450
// SPDX-License-Identifier: MIT
// Copies a uniform block (inline in the test) to a buffer.
layout(local_size_x = 1) in;
layout(set = 0, binding = 0) uniform Block { uvec4 words[2]; };
layout(set = 0, binding = 1) writeonly buffer Data { uvec4 data[2]; };

void main()
{
   data[gl_GlobalInvocationID.x] = words[gl_GlobalInvocationID.x];
}
