/* SPDX-License-Identifier: MIT
 *
 * Pipelines that no cache knows: each has a specialization constant of its own. Query results.
 */
#include "bench/bench.h"

#include "bench/shaders.h"

#define QUERIES 16

static uint64_t
module_run(struct bench *b, uint64_t n)
{
   VkShaderModuleCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
      .codeSize = sizeof(bench_compute_comp),
      .pCode = bench_compute_comp,
   };
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkShaderModule module;
      bench_check(b, vkCreateShaderModule(b->device, &info, NULL, &module), "vkCreateShaderModule");
      vkDestroyShaderModule(b->device, module, NULL);
   }
   bench_drain(b);
   return bench_now() - start;
}

static uint64_t
compute_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++)
      vkDestroyPipeline(b->device, bench_new_compute_pipeline(b), NULL);
   bench_drain(b);
   return bench_now() - start;
}

static uint64_t
graphics_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++)
      vkDestroyPipeline(b->device, bench_new_graphics_pipeline(b), NULL);
   bench_drain(b);
   return bench_now() - start;
}

/* To the first result: drivers may put the compiling off until a pipeline is used. */
static void
first_use_init(struct bench *b)
{
   bench_make_compute(b);
   bench_make_fence(b);
   b->cmd = bench_make_command_buffer(b, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
}

static uint64_t
first_use_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      VkPipeline pipeline = bench_new_compute_pipeline(b);
      uint32_t push[2] = {(uint32_t)i, 64};
      bench_begin(b, b->cmd);
      vkCmdBindPipeline(b->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
      vkCmdBindDescriptorSets(b->cmd, VK_PIPELINE_BIND_POINT_COMPUTE, b->layout, 0, 1, &b->set, 0,
                              NULL);
      vkCmdPushConstants(b->cmd, b->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(push), push);
      vkCmdDispatch(b->cmd, 1, 1, 1);
      bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
      bench_submit(b, b->cmd, b->fence);
      bench_wait(b);
      vkDestroyPipeline(b->device, pipeline, NULL);
   }
   return bench_now() - start;
}

static void
query_init(struct bench *b)
{
   if (!b->family_properties.timestampValidBits)
      bench_skip(b, "the queue has no timestamps");
   VkQueryPoolCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
      .queryType = VK_QUERY_TYPE_TIMESTAMP,
      .queryCount = QUERIES,
   };
   bench_check(b, vkCreateQueryPool(b->device, &info, NULL, &b->query_pool), "vkCreateQueryPool");
   BENCH_OWN(b, QUERY_POOL, b->query_pool);
   bench_make_fence(b);
   b->cmd = bench_make_command_buffer(b, VK_COMMAND_BUFFER_LEVEL_PRIMARY);
   bench_begin(b, b->cmd);
   vkCmdResetQueryPool(b->cmd, b->query_pool, 0, QUERIES);
   for (uint32_t i = 0; i < QUERIES; i++)
      vkCmdWriteTimestamp(b->cmd, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, b->query_pool, i);
   bench_check(b, vkEndCommandBuffer(b->cmd), "vkEndCommandBuffer");
   bench_submit(b, b->cmd, b->fence);
   bench_wait(b);
}

static void
read_queries(struct bench *b)
{
   uint64_t results[QUERIES];
   VkResult result = vkGetQueryPoolResults(b->device, b->query_pool, 0, QUERIES, sizeof(results),
                                           results, sizeof(results[0]), VK_QUERY_RESULT_64_BIT);
   bench_check(b, result, "vkGetQueryPoolResults");
   if (result != VK_SUCCESS)
      bench_fail(b, "queries of a finished submission are not available");
}

static uint64_t
query_results_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++)
      read_queries(b);
   return bench_now() - start;
}

/* A profiler's frame: results that nobody has read before. */
static uint64_t
query_fresh_run(struct bench *b, uint64_t n)
{
   uint64_t start = bench_now();
   for (uint64_t i = 0; i < n; i++) {
      uint64_t before = bench_now();
      bench_submit(b, b->cmd, b->fence);
      bench_wait(b);
      read_queries(b);
      bench_sample(b, bench_now() - before);
   }
   return bench_now() - start;
}

const struct bench_row bench_pipeline_rows[] = {
   {"shader-module", "vkCreateShaderModule of 1.3 KiB and vkDestroyShaderModule, drained", BENCH_US,
    0, 1, NULL, module_run},
   {"pipeline-compute", "vkCreateComputePipelines and vkDestroyPipeline, drained", BENCH_US, 0, 1,
    bench_make_compute, compute_run},
   {"pipeline-graphics", "vkCreateGraphicsPipelines and vkDestroyPipeline, drained", BENCH_US, 0, 1,
    bench_make_graphics, graphics_run},
   {"pipeline-first-use", "a compute pipeline created, used by one dispatch, waited for", BENCH_MS,
    0, 1, first_use_init, first_use_run},
   {"query-results", "vkGetQueryPoolResults of 16 available timestamps", BENCH_NS, 0, 1, query_init,
    query_results_run},
   {"query-fresh", "16 timestamps submitted, waited for and read", BENCH_US, BENCH_SAMPLED, 1,
    query_init, query_fresh_run},
   {0},
};
