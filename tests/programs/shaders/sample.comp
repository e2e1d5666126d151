#version 450
// SPDX-License-Identifier: MIT
// Reads an image through a sampler, from mirrored co-ordinates, and stores it into another.
layout(local_size_x = 1) in;
layout(set = 0, binding = 0) uniform sampler2D source;
layout(set = 0, binding = 1, rgba8) uniform writeonly image2D target;

void main()
{
   ivec2 at = ivec2(gl_GlobalInvocationID.xy);
   ivec2 size = imageSize(target);
   vec2 from = (vec2(size.x - 1 - at.x, at.y) + 0.5) / vec2(size);
   imageStore(target, at, textureLod(source, from, 0.0));
}
