/* SPDX-License-Identifier: MIT */

/* Memory, semaphores and fences that are imported or exported as file descriptors, and memory that
 * is imported from the application's pages. */

#ifndef ICD_EXTERNAL_H
#define ICD_EXTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct icd_device;
struct icd_memory;
struct icd_physical_device;

/* --- Handle types and descriptors --- */

/* The memory handle types that can be passed between client and worker: those of the advertised
 * extensions. */
VkExternalMemoryHandleTypeFlags
icd_external_memory_passed(const struct icd_physical_device *dev);

/* Removes the types that cannot be passed from the host driver's answer. */
void
icd_external_keep_passed(VkExternalMemoryProperties *p, VkExternalMemoryHandleTypeFlags passed);

bool
icd_fd_is_open(int fd);

/* Whether a semaphore or fence may import `fd`: an open descriptor, or -1 for a sync file that has
 * been signalled already. */
bool
icd_external_may_import(const struct icd_device *dev, int fd, bool sync_file);

/* Ends the export of a semaphore or fence: writes the reply's descriptor, which the caller then
 * owns, to *out. A sync file without a descriptor has been signalled already: *out is -1. On
 * failure closes `fd`. */
VkResult
icd_external_take_exported(VkResult result, int fd, bool sync_file, int *out);

/* --- Memory --- */

/* Whether the allocation imports memory or will be exported. The host driver then allocates it. */
bool
icd_external_is_wanted(const VkMemoryAllocateInfo *info);

/* Whether the client can map memory that the host driver allocates for export. Tries it with a
 * small allocation. */
bool
icd_external_maps_host(struct icd_device *dev);

/* Writes the descriptor that the allocation imports to *fd, -1 if it imports none. The application
 * still owns it. False if the descriptor is not open or cannot cross to the worker. */
bool
icd_external_find_import(const struct icd_device *dev, const VkMemoryAllocateInfo *info, int *fd);

/* The application's pages that the allocation imports, or NULL. */
const VkImportMemoryHostPointerInfoEXT *
icd_external_pages_import(const VkMemoryAllocateInfo *info);

/* Maps memory of the strategy ICD_MEMORY_EXTERNAL, once and whole. Fails if it has no descriptor
 * that can be mapped. */
VkResult
icd_external_map(struct icd_device *dev, struct icd_memory *mem, uint64_t offset, void **data);

/* Called when the application has finished its accesses to the mapping for now. For memory of any
 * strategy. */
void
icd_external_unmap(struct icd_memory *mem);

#endif
