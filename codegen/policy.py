# SPDX-License-Identifier: MIT
"""Every hand decision about a command, a struct or an extension, as data.

Nothing here looks at the registry. A name that the registry of a build lacks has no effect, because that registry may be older.
"""

from bounds import BOUND_MEMBERS, BOUNDS  # noqa: F401
from ignored import (CONTEXT, EXTENDED_COUNTS, IGNORED_UNLESS, IGNORED_UNLESS_NEWER, NULL_ARRAYS,  # noqa: F401
                     NULL_HANDLES, RANGES, RANGES_LIMITS)

# --- What is left out, and why ------------------------------------------------------------------------------

# The newest registry (VK_HEADER_VERSION) whose commands were all decided on. Up to here, gen.py fails for a command that has no
# number in protocol/ops.txt and that no reason below leaves out. A newer registry's new commands are left out with a warning, so
# that Tongs builds with headers that are newer than itself.
NEWEST_REGISTRY = 363

LEFT_OUT_PLATFORMS_REASON = "platform surfaces and handles: they name objects of another system"
PROVISIONAL_REASON = "provisional: the interface may still change"

# Extensions, by name.
_WSI = "presentation to a display: the display belongs to the host, and its surfaces are not forwarded yet"
_DISPLAY = "direct display: the display hardware belongs to the host"
_VIDEO = "video: needs the codec headers' parameter sets as data"
_FUNCTION = "passes function pointers"
_HOST_POINTER = "passes host pointers without a size"
_CAPTURE = "capture data without a size in the struct"
LEFT_OUT_EXTENSIONS = {
    "VK_KHR_shared_presentable_image": _WSI,
    "VK_EXT_present_timing": _WSI,
    "VK_HUAWEI_hdr_vivid": _WSI,
    "VK_GOOGLE_display_timing": _WSI,
    "VK_AMD_display_native_hdr": _WSI,
    "VK_NV_present_barrier": _WSI,
    "VK_NV_present_metering": _WSI,
    "VK_NV_low_latency": _WSI,
    "VK_NV_low_latency2": _WSI,
    "VK_AMD_anti_lag": _WSI,
    "VK_LUNARG_direct_driver_loading": _FUNCTION,
    "VK_KHR_display": _DISPLAY,
    "VK_KHR_display_swapchain": _DISPLAY,
    "VK_KHR_get_display_properties2": _DISPLAY,
    "VK_EXT_direct_mode_display": _DISPLAY,
    "VK_EXT_display_surface_counter": _DISPLAY,
    "VK_EXT_display_control": _DISPLAY,
    "VK_NV_acquire_winrt_display": _DISPLAY,
    "VK_NV_display_stereo": _DISPLAY,
    "VK_EXT_acquire_drm_display": _DISPLAY,
    "VK_KHR_video_queue": _VIDEO,
    "VK_KHR_video_decode_queue": _VIDEO,
    "VK_KHR_video_decode_h264": _VIDEO,
    "VK_KHR_video_decode_h265": _VIDEO,
    "VK_KHR_video_decode_av1": _VIDEO,
    "VK_KHR_video_decode_vp9": _VIDEO,
    "VK_KHR_video_encode_queue": _VIDEO,
    "VK_KHR_video_encode_h264": _VIDEO,
    "VK_KHR_video_encode_h265": _VIDEO,
    "VK_KHR_video_encode_av1": _VIDEO,
    "VK_KHR_video_encode_feedback2": _VIDEO,
    "VK_KHR_video_encode_intra_refresh": _VIDEO,
    "VK_KHR_video_encode_quantization_map": _VIDEO,
    "VK_KHR_video_maintenance1": _VIDEO,
    "VK_KHR_video_maintenance2": _VIDEO,
    "VK_VALVE_video_encode_rgb_conversion": _VIDEO,
    "VK_EXT_debug_report": "implemented by the loader for drivers that lack it",
    "VK_EXT_device_memory_report": _FUNCTION,
    "VK_EXT_validation_flags": "belongs to layers, not to drivers",
    "VK_EXT_validation_features": "belongs to layers, not to drivers",
    "VK_EXT_validation_cache": "belongs to layers, not to drivers",
    "VK_EXT_layer_settings": "belongs to layers, not to drivers",
    "VK_EXT_map_memory_placed": "places a mapping at an address that the application names",
    "VK_VALVE_descriptor_set_host_mapping": _HOST_POINTER,
    "VK_NV_external_memory_rdma": _HOST_POINTER,
    "VK_NV_device_diagnostic_checkpoints": _HOST_POINTER,
    "VK_NVX_binary_import": _HOST_POINTER,
    "VK_EXT_pipeline_properties": "its output is typed as any struct",
    "VK_EXT_subpass_merge_feedback": "reports through the create info of a render pass, which is made without a reply",
    "VK_NV_cuda_kernel_launch": _HOST_POINTER,
    "VK_NV_external_compute_queue": _HOST_POINTER,
    "VK_NV_external_sci_sync": _HOST_POINTER,
    "VK_NV_external_sci_sync2": _HOST_POINTER,
    "VK_NV_external_memory_sci_buf": _HOST_POINTER,
    "VK_INTEL_performance_query": "driver-internal: its values belong to one driver's tools",
    "VK_AMD_gpa_interface": "driver-internal: its values belong to one driver's tools",
    "VK_AMD_shader_info": "its output is one driver's ISA, laid out for tools on its machine",
    "VK_NV_displacement_micromap": "provisional, and no later extension took it over",
    "VK_ARM_data_graph": "constant data without a size in the struct",
    "VK_ARM_data_graph_instruction_set_tosa": "needs VK_ARM_data_graph",
    "VK_ARM_data_graph_neural_accelerator_statistics": "needs VK_ARM_data_graph",
    "VK_ARM_data_graph_optical_flow": "needs VK_ARM_data_graph",
    "VK_QCOM_data_graph_model": "needs VK_ARM_data_graph",
    "VK_ARM_tensors": "capture data without a size in the struct",
    "VK_ARM_shader_instrumentation": "its results have no size in the call",
    "VK_NV_optical_flow": "private data without a size of its own",
    "VK_NV_cooperative_vector": "its matrices get their sizes from a conversion in the application's memory, through raw pointers",
    "VK_NV_cluster_acceleration_structure": "its inputs are read from device addresses of unchecked kinds",
    "VK_NV_partitioned_acceleration_structure": "its inputs are read from device addresses of unchecked kinds",
    "VK_EXT_device_fault": "vendor binary without a size in the struct",
    "VK_KHR_device_fault": "vendor binary in unbounded chunks",
    "VK_KHR_pipeline_binary": "its new handles come back in a struct",
    "VK_QNX_external_memory_screen_buffer": LEFT_OUT_PLATFORMS_REASON,
}

# Commands. (A command that only left-out extensions bring is left out with them.)
LEFT_OUT_COMMANDS = {
    "vkBuildAccelerationStructuresKHR": "host build: reads the application's memory through raw pointers",
    "vkCopyAccelerationStructureToMemoryKHR": "host copy: writes the application's memory through raw pointers",
    "vkCopyMemoryToAccelerationStructureKHR": "host copy: reads the application's memory through raw pointers",
    "vkWriteAccelerationStructuresPropertiesKHR": "host query of host-built structures",
    "vkCopyAccelerationStructureKHR": "host copy of host-built structures",
    "vkGetPipelinePropertiesEXT": "its output is typed as any struct",
    "vkGetQueueCheckpointData2NV": "its markers are pointers of the application",
    "vkGetQueueCheckpointDataNV": "its markers are pointers of the application",
    "vkCmdSetCheckpointNV": "its markers are pointers of the application",
    "vkBuildMicromapsEXT": "host build: reads the application's memory through raw pointers",
    "vkCopyMicromapEXT": "host copy of host-built micromaps",
    "vkCopyMicromapToMemoryEXT": "host copy: writes the application's memory through raw pointers",
    "vkCopyMemoryToMicromapEXT": "host copy: reads the application's memory through raw pointers",
    "vkWriteMicromapsPropertiesEXT": "host query of host-built micromaps",
    "vkGetBufferOpaqueCaptureDescriptorDataEXT": _CAPTURE,
    "vkGetImageOpaqueCaptureDescriptorDataEXT": _CAPTURE,
    "vkGetImageViewOpaqueCaptureDescriptorDataEXT": _CAPTURE,
    "vkGetSamplerOpaqueCaptureDescriptorDataEXT": _CAPTURE,
    "vkGetAccelerationStructureOpaqueCaptureDescriptorDataEXT": _CAPTURE,
    "vkGetTensorOpaqueCaptureDescriptorDataARM": _CAPTURE,
    "vkGetTensorViewOpaqueCaptureDescriptorDataARM": _CAPTURE,
    "vkGetTensorOpaqueCaptureDataARM": "needs VK_ARM_tensors",
}

# Structs that do not travel. A chain that holds one is sent without it.
LEFT_OUT_STRUCTS = {
    "VkOpaqueCaptureDescriptorDataCreateInfoEXT": _CAPTURE,
    "VkDebugUtilsMessengerCreateInfoEXT": _FUNCTION,
    "VkDebugReportCallbackCreateInfoEXT": _FUNCTION,
    "VkDirectDriverLoadingListLUNARG": _FUNCTION,
    "VkImportMemoryHostPointerInfoEXT": "the client makes the pages a shared heap, and sends that instead",
    "VkMemoryMapPlacedInfoEXT": _HOST_POINTER,
}

# Members that never travel; the worker's copy is zero.
LEFT_OUT_MEMBERS = {
    "VkRayTracingShaderGroupCreateInfoKHR.pShaderGroupCaptureReplayHandle": "its size is a property of the device",
    "VkDeviceCreateInfo.ppEnabledLayerNames": "layers run in the client",
    "VkDeviceCreateInfo.enabledLayerCount": "layers run in the client",
    "VkInstanceCreateInfo.ppEnabledLayerNames": "layers run in the client",
    "VkInstanceCreateInfo.enabledLayerCount": "layers run in the client",
    "VkPresentInfoKHR.pResults": "the client fills them in: the worker reports the result of a presentation with the next image",
}

# Extensions that are offered only over transports that pass file descriptors: either they pass descriptors themselves, or they
# name buses and device nodes, which are the client's own only if the client and the worker share a machine.
NEED_FDS = {
    "VK_KHR_external_memory_fd", "VK_KHR_external_semaphore_fd", "VK_KHR_external_fence_fd",
    "VK_EXT_external_memory_dma_buf", "VK_EXT_image_drm_format_modifier",
    "VK_EXT_pci_bus_info", "VK_EXT_physical_device_drm", "VK_EXT_external_memory_host",
}

# Extensions that are offered only if the client's kernel lets the driver share the application's own pages, and only for devices
# that have a shared memory type.
NEED_APP_PAGES = {"VK_EXT_external_memory_host"}

# Extensions that need ops of Tongs' own (protocol/own_ops.json).
NEED_OWN_OPS = {
    "VK_EXT_host_image_copy": ("tongsCopyMemoryToImage", "tongsCopyImageToMemory"),
    "VK_KHR_swapchain": ("tongsSwapchainImages",),
}

# --- Lengths and unions that the registry does not state ---------------------------------------------------

# Counts in C over `v`, for members whose `len` attribute is absent or is no C expression over the struct's members.
LENGTHS = {
    "VkShaderModuleCreateInfo.pCode": "v->codeSize / 4",
    "VkPipelineMultisampleStateCreateInfo.pSampleMask": "(v->rasterizationSamples + 31) / 32",
    "VkCommandBufferInheritanceViewportScissorInfoNV.pViewportDepths": "v->viewportDepthCount",
    "vkCmdSetSampleMaskEXT.pSampleMask": "(v->samples + 31) / 32",
    "vkCmdBuildAccelerationStructuresKHR.ppBuildRangeInfos": "v->infoCount",
    "vkCmdBuildAccelerationStructuresIndirectKHR.ppMaxPrimitiveCounts": "v->infoCount",
    "vkGetAccelerationStructureBuildSizesKHR.pMaxPrimitiveCounts":
        "v->pBuildInfo ? v->pBuildInfo->geometryCount : 0",
}

# Arrays of arrays: the length of the i-th inner array.
INNER_LENGTHS = {
    "vkCmdBuildAccelerationStructuresKHR.ppBuildRangeInfos": "v->pInfos[i].geometryCount",
    "vkCmdBuildAccelerationStructuresIndirectKHR.ppMaxPrimitiveCounts": "v->pInfos[i].geometryCount",
}

# Unions that travel as one fixed member. (A union without pointers and handles travels as its bytes.)
UNION_MEMBER = {
    "VkDeviceOrHostAddressKHR": "deviceAddress",
    "VkDeviceOrHostAddressConstKHR": "deviceAddress",
}

# Commands outside command buffers whose structs hold such addresses: why the host driver never reads or writes one. The generator
# fails for any other, because the application would pass pointers of its own process.
NO_HOST_ADDRESSES = {
    "vkGetAccelerationStructureBuildSizesKHR": "a driver looks only at whether the address of a transform is 0",
    "vkGetMicromapBuildSizesEXT": "all addresses are ignored",
}

# Commands that belong to an extension beside the one that brings them. Old registries do not say so.
COMMANDS_NEED = {
    "vkCmdSetViewportWScalingEnableNV": "VK_NV_clip_space_w_scaling",
    "vkCmdSetViewportSwizzleNV": "VK_NV_viewport_swizzle",
    "vkCmdSetCoverageToColorEnableNV": "VK_NV_fragment_coverage_to_color",
    "vkCmdSetCoverageToColorLocationNV": "VK_NV_fragment_coverage_to_color",
    "vkCmdSetCoverageModulationModeNV": "VK_NV_framebuffer_mixed_samples",
    "vkCmdSetCoverageModulationTableEnableNV": "VK_NV_framebuffer_mixed_samples",
    "vkCmdSetCoverageModulationTableNV": "VK_NV_framebuffer_mixed_samples",
    "vkCmdSetShadingRateImageEnableNV": "VK_NV_shading_rate_image",
    "vkCmdSetRepresentativeFragmentTestEnableNV": "VK_NV_representative_fragment_test",
    "vkCmdSetCoverageReductionModeNV": "VK_NV_coverage_reduction_mode",
}

# --- How commands travel -----------------------------------------------------------------------------------

# The client answers these commands alone. They have no op.
LOCAL_COMMANDS = {
    "vkGetInstanceProcAddr", "vkGetDeviceProcAddr", "vkEnumerateInstanceVersion",
    "vkEnumerateInstanceExtensionProperties", "vkEnumerateInstanceLayerProperties",
    "vkEnumerateDeviceExtensionProperties", "vkEnumerateDeviceLayerProperties",
    "vkEnumeratePhysicalDevices", "vkEnumeratePhysicalDeviceGroups",
    "vkGetDeviceQueue", "vkGetDeviceQueue2",
    # The client gets the images when it creates the swapchain, through an op of Tongs' own.
    "vkGetSwapchainImagesKHR",
    "vkMapMemory", "vkUnmapMemory", "vkMapMemory2", "vkUnmapMemory2",
    "vkFlushMappedMemoryRanges", "vkInvalidateMappedMemoryRanges",
    "vkGetMemoryHostPointerPropertiesEXT",
    "vkCreateDescriptorUpdateTemplate", "vkDestroyDescriptorUpdateTemplate",
    "vkUpdateDescriptorSetWithTemplate", "vkCmdPushDescriptorSetWithTemplate",
    "vkCmdPushDescriptorSetWithTemplate2",
    # Ops of Tongs' own do these, because the number of bytes depends on the image's format.
    "vkCopyMemoryToImage", "vkCopyImageToMemory",
    "vkCreatePrivateDataSlot", "vkDestroyPrivateDataSlot", "vkSetPrivateData", "vkGetPrivateData",
    "vkGetPhysicalDeviceToolProperties",
    # The loader calls the messengers.
    "vkCreateDebugUtilsMessengerEXT", "vkDestroyDebugUtilsMessengerEXT", "vkSubmitDebugUtilsMessageEXT",
    # Tongs defers no operation: the worker does each one at once.
    "vkCreateDeferredOperationKHR", "vkDestroyDeferredOperationKHR", "vkGetDeferredOperationMaxConcurrencyKHR",
    "vkGetDeferredOperationResultKHR", "vkDeferredOperationJoinKHR",
}

# Commands whose entry point is written by hand, in icd/. The op is generated.
HAND_ENTRY_POINTS = {
    "vkCreateInstance", "vkDestroyInstance", "vkCreateDevice", "vkDestroyDevice",
    "vkGetPhysicalDeviceProperties", "vkGetPhysicalDeviceProperties2",
    "vkGetPhysicalDeviceFeatures", "vkGetPhysicalDeviceFeatures2",
    "vkGetPhysicalDeviceMemoryProperties", "vkGetPhysicalDeviceMemoryProperties2",
    "vkGetPhysicalDeviceQueueFamilyProperties", "vkGetPhysicalDeviceQueueFamilyProperties2",
    "vkGetPhysicalDeviceFormatProperties", "vkGetPhysicalDeviceFormatProperties2",
    "vkGetPhysicalDeviceImageFormatProperties", "vkGetPhysicalDeviceImageFormatProperties2",
    "vkGetPhysicalDeviceExternalBufferProperties", "vkGetPhysicalDeviceExternalSemaphoreProperties",
    "vkGetPhysicalDeviceExternalFenceProperties",
    "vkGetMemoryFdKHR", "vkGetMemoryFdPropertiesKHR", "vkGetSemaphoreFdKHR", "vkImportSemaphoreFdKHR",
    "vkGetFenceFdKHR", "vkImportFenceFdKHR",
    "vkAllocateMemory", "vkFreeMemory", "vkCreateImage", "vkCreateBuffer", "vkGetBufferDeviceAddress",
    "vkBindBufferMemory2", "vkBindImageMemory2",
    "vkGetBufferMemoryRequirements", "vkGetBufferMemoryRequirements2",
    "vkGetImageMemoryRequirements", "vkGetImageMemoryRequirements2", "vkGetImageSubresourceLayout",
    "vkGetImageSparseMemoryRequirements", "vkGetImageSparseMemoryRequirements2",
    "vkAllocateCommandBuffers", "vkFreeCommandBuffers", "vkBeginCommandBuffer", "vkEndCommandBuffer", "vkCmdPreprocessGeneratedCommandsEXT",
    "vkResetCommandBuffer", "vkCreateCommandPool", "vkDestroyCommandPool", "vkResetCommandPool",
    "vkCreateDescriptorPool", "vkAllocateDescriptorSets", "vkFreeDescriptorSets", "vkResetDescriptorPool",
    "vkDestroyDescriptorPool", "vkCreateDescriptorSetLayout", "vkDestroyDescriptorSetLayout",
    "vkCreatePipelineLayout", "vkDestroyPipelineLayout", "vkUpdateDescriptorSets",
    "vkCmdPushDescriptorSet", "vkCmdPushDescriptorSet2",
    "vkCreateGraphicsPipelines", "vkCreateComputePipelines", "vkCreateRayTracingPipelinesKHR",
    "vkCreateRayTracingPipelinesNV", "vkCreateShaderModule", "vkCreateShadersEXT",
    "vkCreateQueryPool", "vkGetQueryPoolResults",
    "vkCreateEvent", "vkSetEvent", "vkResetEvent", "vkGetEventStatus",
    "vkQueueSubmit", "vkQueueSubmit2", "vkQueueBindSparse", "vkQueueWaitIdle", "vkDeviceWaitIdle",
    "vkCreateFence", "vkDestroyFence", "vkResetFences", "vkGetFenceStatus", "vkWaitForFences",
    "vkCreateSemaphore", "vkDestroySemaphore", "vkGetSemaphoreCounterValue", "vkWaitSemaphores", "vkSignalSemaphore",
    "vkSetDebugUtilsObjectNameEXT", "vkSetDebugUtilsObjectTagEXT",
    "vkDebugMarkerSetObjectNameEXT", "vkDebugMarkerSetObjectTagEXT",
    "vkCreateHeadlessSurfaceEXT", "vkDestroySurfaceKHR", "vkGetPhysicalDeviceSurfaceSupportKHR",
    "vkGetPhysicalDeviceSurfaceCapabilitiesKHR", "vkGetPhysicalDeviceSurfaceCapabilities2KHR",
    "vkGetPhysicalDeviceSurfaceFormatsKHR", "vkGetPhysicalDeviceSurfaceFormats2KHR",
    "vkGetPhysicalDeviceSurfacePresentModesKHR", "vkGetPhysicalDevicePresentRectanglesKHR",
    "vkGetDeviceGroupSurfacePresentModesKHR",
    "vkCreateSwapchainKHR", "vkDestroySwapchainKHR", "vkAcquireNextImageKHR", "vkAcquireNextImage2KHR",
    "vkQueuePresentKHR",
}

# Commands whose handler is written by hand, in renderer/worker/. Decoding and the reply are generated.
HAND_HANDLERS = {
    "vkGetPhysicalDeviceMemoryProperties2",
    "vkCreateInstance", "vkDestroyInstance", "vkCreateDevice", "vkDestroyDevice",
    "vkGetMemoryFdKHR", "vkGetMemoryFdPropertiesKHR", "vkGetSemaphoreFdKHR", "vkImportSemaphoreFdKHR",
    "vkGetFenceFdKHR", "vkImportFenceFdKHR",
    "vkAllocateMemory", "vkFreeMemory", "vkCreateBuffer", "vkCreateImage", "vkCreatePipelineCache",
    "vkCreateQueryPool", "vkGetDescriptorEXT",
    "vkGetDeviceBufferMemoryRequirements", "vkGetDeviceImageMemoryRequirements",
    "vkGetDeviceImageSparseMemoryRequirements",
    "vkAllocateCommandBuffers", "vkFreeCommandBuffers", "vkDestroyCommandPool",
    "vkAllocateDescriptorSets", "vkFreeDescriptorSets", "vkResetDescriptorPool", "vkDestroyDescriptorPool",
    "vkDestroySurfaceKHR", "vkCreateSwapchainKHR", "vkDestroySwapchainKHR", "vkAcquireNextImageKHR",
    "vkAcquireNextImage2KHR", "vkQueuePresentKHR", "vkReleaseSwapchainImagesKHR", "vkBindImageMemory2",
    "vkQueueSubmit", "vkQueueSubmit2", "vkQueueBindSparse",
}

# The handler and the decoding are hand-written in renderer/worker; there is no reply.
HAND_DECODERS = {"vkUpdateDescriptorSets"}

# Ops with which the client may send a file descriptor (docs/wire.md).
TAKES_FD = {"vkAllocateMemory", "vkGetMemoryFdPropertiesKHR", "vkImportSemaphoreFdKHR", "vkImportFenceFdKHR"}

# Pipelines that the worker compiles on threads of its own, beside the decoder, if they come as posts.
COMPILED = {"vkCreateGraphicsPipelines", "vkCreateComputePipelines"}

# Ops for which the worker first finishes all compilations: they ask for the result of one, or the application may rely
# on no compilation being in progress. So do calls that create pipelines.
AFTER_COMPILATIONS = {
    "vkGetPipelineCacheData", "vkMergePipelineCaches",
    "vkSetDebugUtilsObjectNameEXT", "vkSetDebugUtilsObjectTagEXT",
    "vkDebugMarkerSetObjectNameEXT", "vkDebugMarkerSetObjectTagEXT",
    "vkDestroyDevice", "vkDestroyInstance",
}

# Commands that are posts although they return a VkResult. An error surfaces later (architecture.md, section 3).
POSTS = {
    "vkCreateBuffer", "vkCreateBufferView", "vkCreateImage", "vkCreateImageView", "vkCreateSampler",
    "vkCreateSamplerYcbcrConversion", "vkCreatePipelineCache", "vkCreateDescriptorSetLayout",
    "vkCreatePipelineLayout", "vkCreateDescriptorPool", "vkCreateRenderPass", "vkCreateRenderPass2",
    "vkCreateFramebuffer", "vkCreateCommandPool", "vkCreateFence", "vkCreateSemaphore", "vkCreateEvent",
    "vkCreateQueryPool", "vkAllocateCommandBuffers",
    "vkBindBufferMemory", "vkBindImageMemory",
    "vkResetCommandPool", "vkResetCommandBuffer", "vkResetDescriptorPool", "vkFreeDescriptorSets",
    "vkResetFences", "vkSetEvent", "vkResetEvent",
    "vkBeginCommandBuffer", "vkEndCommandBuffer",
    "vkQueueSubmit", "vkQueueSubmit2", "vkQueueBindSparse", "vkSignalSemaphore",
    "vkMergePipelineCaches",
    "vkQueuePresentKHR", "vkReleaseSwapchainImagesKHR",
    "vkSetDebugUtilsObjectNameEXT", "vkSetDebugUtilsObjectTagEXT",
    "vkDebugMarkerSetObjectNameEXT", "vkDebugMarkerSetObjectTagEXT",
}

# The bounds of posts that create something: C over v, the arguments, and limits, the device's VkPhysicalDeviceLimits. Within its
# bound, an op goes out as a post. Beyond it, a driver may well fail, and programs try whether it does. The client then sends the
# op as a call, and the application learns of the failure at once, as natively. A bound leaves room for everything that programs
# usually create, so that they wait for nothing. The generator fails for a post that creates something and is neither here nor in
# UNBOUNDED_POSTS. Entry points written by hand ask icd_way_of_*().
POST_BOUNDS = {
    "vkCreateBuffer": "icd_buffer_is_usual(v->pCreateInfo)",
    "vkCreateImage": "icd_image_is_usual(v->pCreateInfo, limits)",
    "vkCreateSampler": "icd_sampler_is_usual(v->pCreateInfo, limits)",
    "vkCreateDescriptorSetLayout": "icd_set_layout_is_usual(v->pCreateInfo)",
    "vkCreatePipelineLayout": "icd_pipeline_layout_is_usual(v->pCreateInfo, limits)",
    "vkCreateDescriptorPool": "icd_descriptor_pool_is_usual(v->pCreateInfo)",
    "vkCreateFramebuffer": "icd_framebuffer_is_usual(v->pCreateInfo, limits)",
    "vkCreateQueryPool": "icd_query_pool_is_usual(v->pCreateInfo)",
    # Drivers refuse to create an object for an export that they do not support.
    "vkCreateFence": "!tongs_find_in_chain(v->pCreateInfo->pNext, VK_STRUCTURE_TYPE_EXPORT_FENCE_CREATE_INFO)",
    "vkCreateSemaphore": "!tongs_find_in_chain(v->pCreateInfo->pNext, VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO)",
}

# Posts that create something without a bound, and the reason.
_SMALL = "it fails only if memory is out, and takes little"
UNBOUNDED_POSTS = {
    "vkCreateBufferView": _SMALL,
    "vkCreateImageView": _SMALL,
    "vkCreateSamplerYcbcrConversion": _SMALL,
    "vkCreatePipelineCache": "a driver ignores data that it cannot use",
    "vkCreateRenderPass": _SMALL,
    "vkCreateRenderPass2": _SMALL,
    "vkCreateCommandPool": _SMALL,
    "vkCreateEvent": _SMALL,
    "vkAllocateCommandBuffers": _SMALL,
}

# How the worker handles the failure of a post with a VkResult that creates nothing. (A post that creates an object leaves a failed
# object, which tells. A post without a VkResult cannot fail, and one that names a failed object is skipped.)
#   ignored  nothing relies on the post
#   told     a failed object that the post names tells at its next use; a failure of the host driver's call loses the device
#   lost     both lose the device: somebody may wait for the effect, or rely on it, and no object tells
POST_FAILURES = {
    "vkBindBufferMemory": "told", "vkBindImageMemory": "told",
    "vkBindBufferMemory2": "told", "vkBindImageMemory2": "told",
    # vkBeginCommandBuffer resets once more, or fails
    "vkResetCommandPool": "ignored", "vkResetCommandBuffer": "ignored",
    "vkResetDescriptorPool": "told", "vkFreeDescriptorSets": "told",
    "vkResetFences": "told", "vkSetEvent": "told", "vkResetEvent": "told",
    "vkQueueSubmit": "lost", "vkQueueSubmit2": "lost", "vkQueueBindSparse": "lost", "vkSignalSemaphore": "lost",
    "vkMergePipelineCaches": "ignored",
    # how a presentation or a release went is told with the next image
    "vkQueuePresentKHR": "lost", "vkReleaseSwapchainImagesKHR": "told",
    # tools read them, and no program
    "vkSetDebugUtilsObjectNameEXT": "ignored", "vkSetDebugUtilsObjectTagEXT": "ignored",
    "vkDebugMarkerSetObjectNameEXT": "ignored", "vkDebugMarkerSetObjectTagEXT": "ignored",
}

# The role of a recorded command for the commands after it, by how its name begins. A recorded command that names a failed object
# is skipped. If it opens a scope, its command buffer fails; if it binds something, work is skipped until the same command binds
# again.
RECORD_ROLES = (
    ("vkBeginCommandBuffer", "opens"), ("vkCmdBegin", "opens"),
    ("vkCmdBind", "binds"), ("vkCmdPushDescriptorSet", "binds"), ("vkCmdSetDescriptorBufferOffsets", "binds"),
    ("vkCmdDraw", "works"), ("vkCmdDispatch", "works"), ("vkCmdTraceRays", "works"),
    ("vkCmdExecuteGeneratedCommands", "works"), ("vkCmdSubpassShading", "works"),
)

# Commands that destroy all objects of a pool, and keep the pool. Like commands that destroy what they name, the worker carries
# them out even if they name failed objects or the device is lost: the client uses the ids again.
EMPTYING = {"vkResetDescriptorPool"}

# Commands with a generated entry point that first calls icd_note_<command>() (icd/notes.h): the client keeps something in
# mind about the objects that they name.
NOTED = {
    "vkCmdSetEvent", "vkCmdResetEvent", "vkCmdWaitEvents",
    "vkCmdSetEvent2", "vkCmdResetEvent2", "vkCmdWaitEvents2",
    "vkBindBufferMemory", "vkBindImageMemory",
    "vkCmdExecuteCommands",
}

# Posts that others than the thread that posts can wait for: the GPU, a display, another process, or a call of another thread
# that the worker is running already. The client sends them at once, because the thread may call nothing afterwards. Other
# posts wait for more: whoever asks the worker for their effect sends them first. Submissions and presentations are sent at
# once by their hand-written entry points.
SENT_AT_ONCE = {
    "vkSetEvent", "vkSignalSemaphore",              # a submission waits
    "vkReleaseSwapchainImagesKHR",                  # another thread waits in vkAcquireNextImageKHR
    "vkDestroySwapchainKHR", "vkDestroySurfaceKHR",  # another client waits for the window
    "vkReleaseProfilingLockKHR",                    # another process waits for the lock
}

# Calls whose answer stays the same as long as the instance or the device lives. The client asks once for each input, and the
# physical device keeps the answers (icd/cache.h).
CACHED = {
    "vkGetPhysicalDeviceImageFormatProperties", "vkGetPhysicalDeviceImageFormatProperties2",
    "vkGetPhysicalDeviceSparseImageFormatProperties", "vkGetPhysicalDeviceSparseImageFormatProperties2",
    "vkGetPhysicalDeviceExternalImageFormatPropertiesNV",
    "vkGetPhysicalDeviceMultisamplePropertiesEXT", "vkGetPhysicalDeviceFragmentShadingRatesKHR",
    "vkGetPhysicalDeviceCalibrateableTimeDomainsKHR", "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR",
    "vkGetPhysicalDeviceCooperativeMatrixPropertiesNV",
    "vkGetPhysicalDeviceSupportedFramebufferMixedSamplesCombinationsNV",
    "vkEnumeratePhysicalDeviceQueueFamilyPerformanceQueryCountersKHR",
    "vkGetDescriptorSetLayoutSupport", "vkGetDeviceBufferMemoryRequirements", "vkGetDeviceImageMemoryRequirements",
    "vkGetDeviceImageSparseMemoryRequirements", "vkGetDeviceGroupPeerMemoryFeatures",
}

# Calls whose answer stays the same as long as the objects that they name live: ids are not used twice. The client asks once for
# each input, and the device keeps the answers. A descriptor is a function of what it names, because programs may copy it.
CACHED_IN_DEVICE = {
    "vkGetDescriptorEXT", "vkGetDescriptorSetLayoutSizeEXT", "vkGetDescriptorSetLayoutBindingOffsetEXT",
}

# Calls that the client also sends as posts, if it knows that it need not wait for the result.
ALSO_POSTS = {"vkAllocateDescriptorSets", "vkCreateShaderModule", "vkCreateGraphicsPipelines", "vkCreateComputePipelines",
              "vkBindBufferMemory2", "vkBindImageMemory2"}

# Commands whose outputs are defined even if the command fails: most are zero then.
OUTPUTS_ON_FAILURE = {
    "vkBindBufferMemory2", "vkBindImageMemory2",
    "vkGetPhysicalDeviceImageFormatProperties", "vkGetPhysicalDeviceImageFormatProperties2",
    "vkGetPhysicalDeviceExternalImageFormatPropertiesNV",
}

# Blobs that the host driver may write only partly. The application's bytes travel to the worker and back.
INOUT_BLOBS = {"vkGetQueryPoolResults.pData"}

# Pointers in input structs through which the host driver returns something. The size travels to the worker; the contents come
# back behind the other results. Bytes travel both ways, because the driver may write only some of them. The generator fails for a
# pointer to what is not const that is neither here nor in NOT_RETURNED.
RETURNED_MEMBERS = {
    "VkBindMemoryStatus.pResult",
    "VkPipelineCreationFeedbackCreateInfo.pPipelineCreationFeedback",
    "VkPipelineCreationFeedbackCreateInfo.pPipelineStageCreationFeedbacks",
    "VkHostAddressRangeEXT.address",
}

# Pointers in input structs to what is not const, through which nothing comes back, and why.
NOT_RETURNED = {
    "VkImageCompressionControlEXT.pFixedRateFlags": "the driver only reads it: the registry leaves out a const",
    "VkRenderPassPerformanceCountersByRegionBeginInfoARM.pCounterIndices":
        "the driver only reads it: the registry leaves out a const",
}

# Numbers that are handles of any type, and the member that says which type. VkDebugReportObjectTypeEXT has the same values as
# VkObjectType for all types that travel.
UNTYPED_HANDLES = {
    "VkDebugUtilsObjectNameInfoEXT.objectHandle": "objectType",
    "VkDebugUtilsObjectTagInfoEXT.objectHandle": "objectType",
    "VkDebugMarkerObjectNameInfoEXT.object": "objectType",
    "VkDebugMarkerObjectTagInfoEXT.object": "objectType",
}

# Commands that may wait long -> their timeout, as C behind `a->`; "": they have none. The worker first tries such a command with
# the timeout 0, and runs it on a thread of its own if it times out, so that it can go on decoding.
BLOCKING = {
    "vkWaitForFences": "timeout",
    "vkWaitSemaphores": "timeout",
    "vkQueueWaitIdle": "",
    "vkDeviceWaitIdle": "",
    "vkGetQueryPoolResults": "",
    "vkAcquireNextImageKHR": "timeout",
    "vkAcquireNextImage2KHR": "pAcquireInfo->timeout",
    "vkWaitForPresentKHR": "timeout",
    "vkWaitForPresent2KHR": "pPresentWait2Info->timeout",
}

# Those of them that wait only under a condition, C over `a`, the arguments.
WAITS_IF = {"vkGetQueryPoolResults": "a->flags & VK_QUERY_RESULT_WAIT_BIT"}

# Those of them whose arguments a hand-written function of renderer/worker checks against the object table first.
HAND_CHECKS = {"vkGetQueryPoolResults"}

# What compilations use. The worker destroys such an object only after the compilations that were under way.
USED_BY_COMPILATIONS = {
    "VkShaderModule", "VkPipeline", "VkPipelineCache", "VkPipelineLayout", "VkRenderPass", "VkDescriptorSetLayout",
    "VkSampler", "VkSamplerYcbcrConversion",
}

# Feature bits that Tongs always reports as false: Struct.member -> why.
FEATURES_OFF = {
    "VkPhysicalDeviceAccelerationStructureFeaturesKHR.accelerationStructureHostCommands":
        "host builds read the application's memory through raw pointers",
    "VkPhysicalDeviceRayTracingPipelineFeaturesKHR.rayTracingPipelineShaderGroupHandleCaptureReplay":
        "capture handles have no size in the struct",
    "VkPhysicalDeviceRayTracingPipelineFeaturesKHR.rayTracingPipelineShaderGroupHandleCaptureReplayMixed":
        "capture handles have no size in the struct",
    "VkPhysicalDeviceDescriptorBufferFeaturesEXT.descriptorBufferCaptureReplay": _CAPTURE,
    "VkPhysicalDeviceOpacityMicromapFeaturesEXT.micromapHostCommands":
        "host builds read the application's memory through raw pointers",
}

# Values of Tongs' own that travel behind a command's parameters: (C type, name).
EXTRA_ARGS = {
    # The client's heap whose pages become the memory, and the offset in it. Heap 0: the host allocates the memory.
    "vkAllocateMemory": (("uint32_t", "heap"), ("uint64_t", "heap_offset")),
    # The number by which the worker reports that the submission is complete. 0: the worker does not report it.
    "vkQueueSubmit": (("uint64_t", "number"),),
    "vkQueueSubmit2": (("uint64_t", "number"),),
    "vkQueueBindSparse": (("uint64_t", "number"),),
}

# Object types that are destroyed after all others of their device.
DESTROY_LAST = ("VkDescriptorPool", "VkCommandPool", "VkDeviceMemory")

# Object types that are freed with their pool: type -> type of the pool.
POOLED = {"VkDescriptorSet": "VkDescriptorPool", "VkCommandBuffer": "VkCommandPool"}

# Commands that have no op, and that the worker calls itself.
WORKER_COMMANDS = (
    "vkEnumeratePhysicalDevices", "vkEnumerateDeviceExtensionProperties",
    "vkCopyMemoryToImage", "vkCopyImageToMemory",
    "vkGetDeviceQueue", "vkGetDeviceQueue2", "vkGetSwapchainImagesKHR", "vkMapMemory", "vkUnmapMemory",
    "vkFlushMappedMemoryRanges", "vkInvalidateMappedMemoryRanges", "vkGetMemoryHostPointerPropertiesEXT",
)
