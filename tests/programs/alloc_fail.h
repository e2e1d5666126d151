/* SPDX-License-Identifier: MIT */
/*
 * The types that alloc_fail.c (the loop over failing allocations) and alloc_fail_paths.c (what is
 * created) share.
 */
#ifndef PROG_ALLOC_FAIL_H
#define PROG_ALLOC_FAIL_H

#include "tests/programs/common.h"

/* The objects that the paths need beforehand; made without an allocator. */
struct alloc_fixture {
   struct prog p;
   struct prog_buffer buffer;
   struct prog_image image;
   VkShaderModule compute_module;
   VkShaderModule draw_modules[2];
   VkDescriptorSetLayout set_layout;
   VkPipelineLayout layout;
   VkPipelineLayout empty_layout;
   VkRenderPass render_pass;
};

/* The objects of one attempt; zero if it made none. */
struct alloc_made {
   VkInstance instance;
   VkDevice device;
   uint64_t pool;       /* if the object comes from a pool of its own */
   uint64_t handles[2]; /* pipelines: all that one call makes */
};

struct alloc_path {
   const char *name;
   bool graphics; /* needs a graphics queue */
   bool loader;   /* the loader allocates too, and does without some of it */
   bool harsh;    /* drivers are known to crash here: only when named, or with --all */
   uint32_t api;
   /*
    * Makes the object with the allocator. A failed attempt leaves nothing behind in *made but
    * what destroy takes.
    */
   VkResult (*create)(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                      struct alloc_made *made);
   void (*destroy)(struct alloc_fixture *f, const VkAllocationCallbacks *alloc,
                   struct alloc_made *made);
};

extern const struct alloc_path alloc_paths[];
extern const size_t alloc_path_count;

enum prog_status
alloc_fixture_init(struct alloc_fixture *f);

void
alloc_fixture_finish(struct alloc_fixture *f);

#endif
