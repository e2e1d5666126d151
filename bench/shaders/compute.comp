// SPDX-License-Identifier: MIT
#version 450

layout(local_size_x = 64) in;

// Another value makes another pipeline: no cache of the driver's has seen it.
layout(constant_id = 0) const uint salt = 0;

layout(push_constant) uniform Push {
   uint value;
   uint count;
} push;

layout(set = 0, binding = 0) buffer Data {
   uint data[];
};

void main()
{
   uint i = gl_GlobalInvocationID.x;
   if (i < push.count)
      data[i] = data[i] * 3u + push.value + salt;
}
