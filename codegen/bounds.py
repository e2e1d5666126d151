# SPDX-License-Identifier: MIT
"""Rule R4: the ranges that the API bounds by an object's size, as data.

The worker checks each against the object as it was created, after it has decoded the command or struct. A command or struct that
breaks a rule ends the connection. Nothing here looks at the registry: names that it lacks have no effect.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    handles: tuple[str, ...]  # members that the condition asks about: `of_NAME` is the slot of each, NULL for VK_NULL_HANDLE
    cond: str                 # C over v, the command or struct; with `each`, also over i and r, the element (protocol/bounds.h)
    rule: str                 # what is said of a command that breaks it
    each: str = ""            # the array whose elements are checked one by one; "": all at once
    count: str = ""           # C: how many they are


def _buffers(handles: str, cond: str, each: str = "", count: str = "", rule: str = "") -> tuple[Bound, ...]:
    return (Bound(tuple(handles.split()), cond, rule or "a range is not in its buffer", each, count),)


def _queries(first: str, count: str, also: tuple[Bound, ...] = ()) -> tuple[Bound, ...]:
    return (Bound(("queryPool",), f"tongs_in_query_pool(of_queryPool, {first}, {count})", "a query is not in its pool"),) + also


def _memory(handle: str, cond: str, each: str = "", count: str = "") -> tuple[Bound, ...]:
    return (Bound((handle, "memory"), cond, "a range is not in its memory", each, count),)


def _indirect(size: int) -> tuple[Bound, ...]:
    """Draws whose arguments, `size` bytes each, the device reads from a buffer."""
    return _buffers("buffer", f"tongs_in_buffer_strided(of_buffer, v->offset, v->drawCount, v->stride, {size})")


def _indirect_count(size: int) -> tuple[Bound, ...]:
    return _buffers("buffer countBuffer",
                    f"tongs_in_buffer_strided(of_buffer, v->offset, v->maxDrawCount, v->stride, {size}) && "
                    "tongs_in_buffer(of_countBuffer, v->countBufferOffset, 4)")


_COPY = "tongs_in_buffer(of_srcBuffer, r->srcOffset, r->size) && tongs_in_buffer(of_dstBuffer, r->dstOffset, r->size)"
_COUNTER = "!v->pCounterBufferOffsets || tongs_in_buffer(of_pCounterBuffers, v->pCounterBufferOffsets[i], 4)"
_SIZED = "tongs_in_buffer_or_rest(of_pBuffers, v->pOffsets[i], v->pSizes ? v->pSizes[i] : VK_WHOLE_SIZE)"
_INDEX = "tongs_in_buffer_or_rest(of_buffer, v->offset, v->size)"

BOUNDS: dict[str, tuple[Bound, ...]] = {
    # --- Transfers between buffers ---
    # VUID-vkCmdCopyBuffer-srcOffset-00113 to -size-00116
    "vkCmdCopyBuffer": _buffers("srcBuffer dstBuffer", _COPY, "pRegions", "v->regionCount"),
    "VkCopyBufferInfo2": _buffers("srcBuffer dstBuffer", _COPY, "pRegions", "v->regionCount"),
    # VUID-vkCmdUpdateBuffer-dstOffset-00032, -dataSize-00033
    "vkCmdUpdateBuffer": _buffers("dstBuffer", "tongs_in_buffer(of_dstBuffer, v->dstOffset, v->dataSize)"),
    # VUID-vkCmdFillBuffer-dstOffset-00024, -size-00027
    "vkCmdFillBuffer": _buffers("dstBuffer", "tongs_in_buffer_or_rest(of_dstBuffer, v->dstOffset, v->size)"),
    # VUID-vkCmdWriteBufferMarkerAMD-dstOffset-01798
    "vkCmdWriteBufferMarkerAMD": _buffers("dstBuffer", "tongs_in_buffer(of_dstBuffer, v->dstOffset, 4)"),
    "vkCmdWriteBufferMarker2AMD": _buffers("dstBuffer", "tongs_in_buffer(of_dstBuffer, v->dstOffset, 4)"),

    # --- Buffers that draws read ---
    # VUID-vkCmdBindIndexBuffer-offset-08782, -vkCmdBindIndexBuffer2-size-08768
    "vkCmdBindIndexBuffer": _buffers("buffer", "tongs_in_buffer(of_buffer, v->offset, 0)"),
    "vkCmdBindIndexBuffer2": _buffers("buffer", _INDEX),
    "vkCmdBindIndexBuffer2KHR": _buffers("buffer", _INDEX),
    # VUID-vkCmdBindVertexBuffers-pOffsets-00626, -vkCmdBindVertexBuffers2-pOffsets-03357, -pSizes-03358
    "vkCmdBindVertexBuffers": _buffers("pBuffers", "tongs_in_buffer(of_pBuffers, v->pOffsets[i], 0)", "pBuffers",
                                       "v->bindingCount"),
    "vkCmdBindVertexBuffers2": _buffers("pBuffers", _SIZED, "pBuffers", "v->bindingCount"),
    # VUID-vkCmdBindTransformFeedbackBuffersEXT-pOffsets-02358, -02363
    "vkCmdBindTransformFeedbackBuffersEXT": _buffers("pBuffers", _SIZED, "pBuffers", "v->bindingCount"),
    # VUID-vkCmdBeginTransformFeedbackEXT-pCounterBufferOffsets-02370
    "vkCmdBeginTransformFeedbackEXT": _buffers("pCounterBuffers", _COUNTER, "pCounterBuffers", "v->counterBufferCount"),
    "vkCmdEndTransformFeedbackEXT": _buffers("pCounterBuffers", _COUNTER, "pCounterBuffers", "v->counterBufferCount"),
    # VUID-vkCmdDrawIndirect-drawCount-00487, -00488 and their like
    "vkCmdDrawIndirect": _indirect(16),
    "vkCmdDrawIndexedIndirect": _indirect(20),
    "vkCmdDrawMeshTasksIndirectNV": _indirect(8),
    "vkCmdDrawMeshTasksIndirectEXT": _indirect(12),
    # VUID-vkCmdDrawIndirectCount-maxDrawCount-03111, -countBufferOffset-04129 and their like
    "vkCmdDrawIndirectCount": _indirect_count(16),
    "vkCmdDrawIndexedIndirectCount": _indirect_count(20),
    "vkCmdDrawMeshTasksIndirectCountNV": _indirect_count(8),
    "vkCmdDrawMeshTasksIndirectCountEXT": _indirect_count(12),
    "vkCmdDrawIndirectByteCountEXT": _buffers("counterBuffer",
                                              "tongs_in_buffer(of_counterBuffer, v->counterBufferOffset, 4)"),
    # VUID-vkCmdDispatchIndirect-offset-00407
    "vkCmdDispatchIndirect": _buffers("buffer", "tongs_in_buffer(of_buffer, v->offset, 12)"),
    "vkCmdDrawClusterIndirectHUAWEI": _buffers("buffer", "tongs_in_buffer(of_buffer, v->offset, 12)"),
    # VUID-VkConditionalRenderingBeginInfoEXT-offset-01983
    "VkConditionalRenderingBeginInfoEXT": _buffers("buffer", "tongs_in_buffer(of_buffer, v->offset, 4)"),

    # --- Views and descriptors ---
    # VUID-VkBufferViewCreateInfo-offset-00925, -00931
    "VkBufferViewCreateInfo": _buffers("buffer", "tongs_in_buffer_or_rest(of_buffer, v->offset, v->range)"),
    # VUID-VkDescriptorBufferInfo-offset-00340, -range-00342. The worker reads most of them by hand (handle_descriptor.c)
    "VkDescriptorBufferInfo": _buffers("buffer", "tongs_in_buffer_or_rest(of_buffer, v->offset, v->range)"),

    # --- Ray tracing ---
    # VUID-VkAccelerationStructureCreateInfoKHR-offset-03616, -VkMicromapCreateInfoEXT-offset-07434
    "VkAccelerationStructureCreateInfoKHR": _buffers("buffer", "tongs_in_buffer(of_buffer, v->offset, v->size)"),
    "VkMicromapCreateInfoEXT": _buffers("buffer", "tongs_in_buffer(of_buffer, v->offset, v->size)"),
    # VUID-vkCmdTraceRaysNV-raygenShaderBindingOffset-02455 and their like
    "vkCmdTraceRaysNV": _buffers(
        "raygenShaderBindingTableBuffer missShaderBindingTableBuffer hitShaderBindingTableBuffer "
        "callableShaderBindingTableBuffer",
        "tongs_in_buffer(of_raygenShaderBindingTableBuffer, v->raygenShaderBindingOffset, 0) && "
        "tongs_in_buffer(of_missShaderBindingTableBuffer, v->missShaderBindingOffset, 0) && "
        "tongs_in_buffer(of_hitShaderBindingTableBuffer, v->hitShaderBindingOffset, 0) && "
        "tongs_in_buffer(of_callableShaderBindingTableBuffer, v->callableShaderBindingOffset, 0)"),
    "vkCmdBuildAccelerationStructureNV": _buffers(
        "instanceData scratch",
        "tongs_in_buffer(of_instanceData, v->instanceOffset, 0) && tongs_in_buffer(of_scratch, v->scratchOffset, 0)"),
    # VUID-VkGeometryTrianglesNV-vertexOffset-02428, -indexOffset-02431, -transformOffset-02437, -VkGeometryAABBNV-offset-02439
    "VkGeometryTrianglesNV": _buffers(
        "vertexData indexData transformData",
        "tongs_in_buffer(of_vertexData, v->vertexOffset, 0) && tongs_in_buffer(of_indexData, v->indexOffset, 0) && "
        "tongs_in_buffer(of_transformData, v->transformOffset, 0)"),
    "VkGeometryAABBNV": _buffers("aabbData", "tongs_in_buffer_strided(of_aabbData, v->offset, v->numAABBs, v->stride, 24)"),

    # --- Queries ---
    # VUID-vkCmdBeginQuery-query-00802 and their like
    "vkCmdBeginQuery": _queries("v->query", "1"),
    "vkCmdBeginQueryIndexedEXT": _queries("v->query", "1"),
    "vkCmdEndQuery": _queries("v->query", "1"),
    "vkCmdEndQueryIndexedEXT": _queries("v->query", "1"),
    "vkCmdWriteTimestamp": _queries("v->query", "1"),
    "vkCmdWriteTimestamp2": _queries("v->query", "1"),
    "vkCmdResetQueryPool": _queries("v->firstQuery", "v->queryCount"),
    "vkResetQueryPool": _queries("v->firstQuery", "v->queryCount"),
    "vkCmdWriteAccelerationStructuresPropertiesKHR": _queries("v->firstQuery", "v->accelerationStructureCount"),
    "vkCmdWriteAccelerationStructuresPropertiesNV": _queries("v->firstQuery", "v->accelerationStructureCount"),
    "vkCmdWriteMicromapsPropertiesEXT": _queries("v->firstQuery", "v->micromapCount"),
    # VUID-vkCmdCopyQueryPoolResults-firstQuery-09436, -09437, -dstBuffer-00824
    "vkCmdCopyQueryPoolResults": _queries("v->firstQuery", "v->queryCount", _buffers(
        "dstBuffer queryPool",
        "tongs_in_buffer_strided(of_dstBuffer, v->dstOffset, v->queryCount, v->stride, "
        "tongs_query_size(tongs_pool_values(of_queryPool), v->flags))")),

    # --- Memory ---
    # VUID-vkBindBufferMemory-memoryOffset-01031, -None-10741 (size); an image's need is asked of the host driver
    "vkBindBufferMemory": _memory("buffer", "tongs_in_memory(of_memory, v->memoryOffset, tongs_buffer_size(of_buffer))"),
    "VkBindBufferMemoryInfo": _memory("buffer",
                                      "tongs_in_memory(of_memory, v->memoryOffset, tongs_buffer_size(of_buffer))"),
    "vkBindImageMemory": (Bound(("memory",), "tongs_in_memory(of_memory, v->memoryOffset, 0)", "a range is not in its memory"),),
    "VkBindImageMemoryInfo": (Bound(("memory",), "tongs_in_memory(of_memory, v->memoryOffset, 0)",
                                    "a range is not in its memory"),),
    "VkBindAccelerationStructureMemoryInfoNV": (Bound(("memory",), "tongs_in_memory(of_memory, v->memoryOffset, 0)",
                                                      "a range is not in its memory"),),
    # VUID-VkSparseMemoryBind-memory-01096, -memoryOffset-01101, -size-01102
    "VkSparseMemoryBind": (Bound(("memory",), "tongs_in_memory(of_memory, v->memoryOffset, v->size)",
                                 "a range is not in its memory"),),
    "VkSparseImageMemoryBind": (Bound(("memory",), "tongs_in_memory(of_memory, v->memoryOffset, 0)",
                                      "a range is not in its memory"),),
}

# Ranges of VkBufferMemoryBarrier* have no check: drivers survive what is beyond the buffer, and applications pass it.

BOUND_MEMBERS = {f"{owner}.{handle}" for owner, bounds in BOUNDS.items() for b in bounds for handle in b.handles}
