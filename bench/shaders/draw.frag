// SPDX-License-Identifier: MIT
#version 450

// Another value makes another pipeline: no cache of the driver's has seen it.
layout(constant_id = 0) const uint salt = 0;

layout(location = 0) in vec2 colour;
layout(location = 0) out vec4 pixel;

void main()
{
   pixel = vec4(colour, float(salt & 255u) / 255.0, 1.0);
}
