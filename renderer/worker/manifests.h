/* SPDX-License-Identifier: MIT */

/* The manifests of host drivers. One file that is no JSON makes some Vulkan loaders (1.3.239) give
 * up all drivers: vkCreateInstance returns VK_ERROR_OUT_OF_HOST_MEMORY. The client's loader would
 * take that result as the end of all its drivers as well. So the worker names the good files to its
 * loader. */

#ifndef RDR_MANIFESTS_H
#define RDR_MANIFESTS_H

/* Checks the files in `list`, separated by colons as in VK_DRIVER_FILES; NULL: those in the folders
 * in which the loader looks for manifests. Logs each one that is no JSON. Returns the list of the
 * others, which the caller frees; NULL: the loader can have `list` as it is. */
char *
rdr_manifests_without_junk(const char *list);

#endif
