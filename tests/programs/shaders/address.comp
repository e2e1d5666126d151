#version 450
// SPDX-License-Identifier: MIT
// Writes through a buffer device address that comes as a push constant.
#extension GL_EXT_buffer_reference : require
layout(local_size_x = 1) in;
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Words { uint word[]; };
layout(push_constant) uniform Push { Words target; };

void main()
{
   uint i = gl_GlobalInvocationID.x;
   target.word[i] = i * i;
}
