/* SPDX-License-Identifier: MIT */
/*
 * triangle: draws a triangle off-screen, writes it as a PPM and prints the hash of its pixels.
 */
#include "tests/programs/draw.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SIZE 256

static const char usage[] =
   "usage: triangle [--dynamic-rendering | --dynamic-rendering-khr] [FILE.ppm]\n"
   "   --dynamic-rendering      vkCmdBeginRendering of Vulkan 1.3 in place of a render pass\n"
   "   --dynamic-rendering-khr  the same by VK_KHR_dynamic_rendering\n";

static enum prog_status
write_ppm(struct prog *p, const char *path, const uint8_t *rgba)
{
   static uint8_t rgb[SIZE * SIZE * 3];
   for (size_t i = 0; i < (size_t)SIZE * SIZE; i++)
      memcpy(&rgb[3 * i], &rgba[4 * i], 3);

   FILE *file = fopen(path, "wb");
   PROG_EXPECT(p, file, "cannot open %s: %s", path, strerror(errno));
   const bool written =
      fprintf(file, "P6\n%d %d\n255\n", SIZE, SIZE) > 0 && fwrite(rgb, sizeof(rgb), 1, file) == 1;
   const bool closed = fclose(file) == 0;
   PROG_EXPECT(p, written && closed, "cannot write %s: %s", path, strerror(errno));
   return PROG_RIGHT;
}

static enum prog_status
run(struct prog *p, enum prog_draw_kind kind, const char *path)
{
   VkPhysicalDeviceDynamicRenderingFeatures features = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DYNAMIC_RENDERING_FEATURES,
   };
   if (kind == PROG_DRAW_DYNAMIC_KHR) {
      p->extensions[0] = VK_KHR_DYNAMIC_RENDERING_EXTENSION_NAME;
      p->extension_features = &features;
   }
   PROG_STEP(prog_init(p));
   printf("device: %s\n", p->props.deviceName);

   struct prog_draw draw;
   PROG_STEP(prog_draw_init(p, &draw, SIZE, SIZE, kind));
   VkCommandBuffer commands;
   PROG_STEP(prog_commands_begin(p, &commands));
   prog_draw_begin(&draw, commands, VK_SUBPASS_CONTENTS_INLINE);
   prog_draw_triangle(&draw, commands);
   prog_draw_end(&draw, commands);
   prog_draw_read(&draw, commands);
   PROG_STEP(prog_commands_run(p, commands));
   PROG_STEP(prog_draw_check(p, &draw));

   printf("hash of %dx%d pixels = %016" PRIx64 "\n", SIZE, SIZE,
          prog_hash(draw.pixels.map, (size_t)SIZE * SIZE * 4));
   if (path)
      PROG_STEP(write_ppm(p, path, draw.pixels.map));
   prog_draw_finish(p, &draw);
   return PROG_RIGHT;
}

int
main(int argc, char **argv)
{
   enum prog_draw_kind kind = PROG_DRAW_RENDER_PASS;
   const char *path = NULL;
   for (int i = 1; i < argc; i++) {
      if (strcmp(argv[i], "--dynamic-rendering") == 0) {
         kind = PROG_DRAW_DYNAMIC;
      } else if (strcmp(argv[i], "--dynamic-rendering-khr") == 0) {
         kind = PROG_DRAW_DYNAMIC_KHR;
      } else if (argv[i][0] != '-' && !path) {
         path = argv[i];
      } else {
         fputs(usage, stderr);
         return PROG_WRONG;
      }
   }

   struct prog p = {0};
   const enum prog_status status = run(&p, kind, path);
   if (status == PROG_RIGHT)
      prog_finish(&p);
   return prog_report(&p, "triangle", status);
}
