// SPDX-License-Identifier: MIT
#version 450

layout(push_constant) uniform Push {
   vec2 offset;
   vec2 colour;
} push;

layout(location = 0) out vec2 colour;

void main()
{
   vec2 corner = vec2(gl_VertexIndex & 1, gl_VertexIndex >> 1);
   gl_Position = vec4(corner * 0.1 + push.offset, 0.0, 1.0);
   colour = push.colour;
}
