#version 450
// SPDX-License-Identifier: MIT
// mapped[i] = source[i] * scale + offset, and the sum of all that is added to total.
layout(local_size_x = 64) in;
layout(set = 0, binding = 0) readonly buffer Source { uint source[]; };
layout(set = 0, binding = 1) writeonly buffer Mapped { uint mapped[]; };
layout(set = 0, binding = 2) buffer Total { uint total; };
layout(push_constant) uniform Push { uint count; uint scale; uint offset; };
shared uint part[64];

void main()
{
   uint i = gl_GlobalInvocationID.x;
   uint value = i < count ? source[i] * scale + offset : 0;
   if (i < count)
      mapped[i] = value;
   part[gl_LocalInvocationIndex] = value;
   barrier();
   if (gl_LocalInvocationIndex == 0) {
      uint sum = 0;
      for (uint k = 0; k < 64; k++)
         sum += part[k];
      atomicAdd(total, sum);
   }
}
