/* SPDX-License-Identifier: MIT */

/* The manifests of host drivers. One file that is no JSON makes some Vulkan loaders (1.3.239) give
 * up all drivers: vkCreateInstance returns VK_ERROR_OUT_OF_HOST_MEMORY. The client's loader would
 * take that result as the end of all its drivers as well. So the worker names the good files to its
 * loader. */

#ifndef RDR_MANIFESTS_H
#define RDR_MANIFESTS_H

#include <stdbool.h>
#include <stddef.h>

/* Calls `each` with every manifest of `list`, separated by colons as in VK_DRIVER_FILES; NULL: with
 * those in the folders in which the loader looks for manifests, in its order. */
void
rdr_manifests_each(const char *list, void (*each)(void *data, const char *manifest), void *data);

/* The library that a manifest names: a path, or a name that dlopen(3) searches for. False if the
 * manifest cannot be read or names none. */
bool
rdr_manifest_library(const char *manifest, char *library, size_t size);

/* Checks the files in `list`, as above. Logs each one that is no JSON. Returns the list of the
 * others, which the caller frees; NULL: the loader can have `list` as it is. */
char *
rdr_manifests_without_junk(const char *list);

#endif
