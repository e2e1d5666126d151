/* SPDX-License-Identifier: MIT */

/* Memory, semaphores and fences that have file descriptors. */

#ifndef ICD_EXTERNAL_H
#define ICD_EXTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct icd_device;
struct icd_memory;
struct icd_physical_device;

/* The kinds of memory handle that pass between client and worker: those of the extensions that are
 * advertised. */
VkExternalMemoryHandleTypeFlags
icd_external_memory_passed(const struct icd_physical_device *dev);

/* Leaves in what the host says of a kind of handle only what passes. */
void
icd_external_keep_passed(VkExternalMemoryProperties *p, VkExternalMemoryHandleTypeFlags passed);

/* Whether the allocation is to be exported, or imports: it is the host's own memory then. */
bool
icd_external_is_wanted(const VkMemoryAllocateInfo *info);

/* Whether the client can map what the host's driver maps itself when memory is allocated to be
 * exported. */
bool
icd_external_maps_host(struct icd_device *dev);

/* *fd: the descriptor that the allocation imports, which is still the application's; -1: none.
 * False where it is none that is open. */
bool
icd_external_find_import(const struct icd_device *dev, const VkMemoryAllocateInfo *info, int *fd);

/* The application's pages that the allocation imports, or NULL. */
const VkImportMemoryHostPointerInfoEXT *
icd_external_host_import(const VkMemoryAllocateInfo *info);

/* Maps memory of the strategy ICD_MEMORY_EXTERNAL, once and whole. Fails where no descriptor of it
 * can be mapped. */
VkResult
icd_external_map(struct icd_device *dev, struct icd_memory *mem, uint64_t offset, void **data);

/* The application is done with the mapping for now. Any memory. */
void
icd_external_unmap(struct icd_memory *mem);

#endif
