/* SPDX-License-Identifier: MIT */

/* A twin of explicit memory: what the worker has of it, as far as the client sent it. A flush sends
 * only what differs. This works only for memory that the device does not write. */

#ifndef ICD_TWIN_H
#define ICD_TWIN_H

#include <stdbool.h>
#include <stdint.h>

struct icd_twin;

/* Of memory of `size` bytes. NULL: memory is out. */
struct icd_twin *
icd_twin_create(uint64_t size);

/* NULL is fine. */
void
icd_twin_destroy(struct icd_twin *twin);

/* Finds the first run of bytes in [*at, end) of `data`, the memory's first byte, that the worker
 * may not have, and takes it into the twin. Returns the run's bytes, which are to be sent: those in
 * [*start, *at). NULL: there is no such run. Threads may do this at once for ranges that do not
 * overlap. */
const uint8_t *
icd_twin_next(struct icd_twin *twin, const uint8_t *data, uint64_t *at, uint64_t end,
              uint64_t *start);

#endif
