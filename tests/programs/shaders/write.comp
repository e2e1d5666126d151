#version 450
// SPDX-License-Identifier: MIT
// data[first + i] = base + i * step: what a dispatch of any kind did can be read off.
layout(local_size_x = 1) in;
layout(constant_id = 7) const uint bonus = 0;
layout(set = 0, binding = 0) buffer Data { uint data[]; };
layout(push_constant) uniform Push { uint first; uint base; uint step; };

void main()
{
   uint i = gl_GlobalInvocationID.x;
   data[first + i] = base + i * step + bonus;
}
