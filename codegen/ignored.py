# SPDX-License-Identifier: MIT
"""Members that Vulkan lets an application leave as garbage, and numbers that a host driver must never see.

The tables are data. protocol/ignored.h declares the bits and functions that the expressions name.

A rule's key is Struct.member or vkCommand.param. Its value is a C expression over `v` (the struct),
`args` (the command's parameters) and `e` (the encoder). If the expression is false, the member is not
read and travels as absent: a pointer as NULL, a handle as null, a number or enum as 0, a struct or
union zeroed.

If a count serves only an ignored array, the count has the same rule as the array. A host driver that
loops over the count before it checks whether the array is used would otherwise read a NULL pointer.

The generator handles these for every member, so the tables do not have them:
- a pointer whose count is 0 is never read (CTS: api.pipeline.pipeline_invalid_pointers_unused_structs);
- a union's member is read only if the selector names it (VkDescriptorDataEXT,
  VkIndirectExecutionSetInfoEXT, VkIndirectCommandsTokenDataEXT);
- a member that may be absent, but never garbage, is `optional` in the registry.

The driver decides these, because only the driver can know:
- Immutable samplers. With COMBINED_IMAGE_SAMPLER "the sampler is ignored" if the set's layout has
  immutable samplers at dstBinding (VUID-VkWriteDescriptorSet-descriptorType-00325). Venus copies all
  writes of every update and clears those samplers. Tongs' layout remembers for each binding whether it
  has immutable samplers. vkUpdateDescriptorSets and vkCmdPushDescriptorSet copy the writes, with the
  samplers cleared, only if a write of this type meets such a binding.
- pInheritanceInfo of a primary command buffer: vkBeginCommandBuffer sets TONGS_IGNORED_INHERITANCE
  beforehand.
- What a render pass or a linked library says about a graphics pipeline: struct tongs_ignored_lookup.
- Update templates walk raw data: tongs_ignored_in_image_descriptor() says what an entry's type uses.
"""


def _unless(bit: str) -> str:
    return f"!(e->ignored & TONGS_IGNORED_{bit})"


_CONCURRENT = "v->sharingMode == VK_SHARING_MODE_CONCURRENT"
_FORMATS = _unless("RENDERING_FORMATS")
_BUILD = _unless("BUILD_TARGETS")

IGNORED_UNLESS = {
    # --- Instance and device -----------------------------------------------------------------------
    # "enabledLayerCount is legacy and ignored. ppEnabledLayerNames is legacy and ignored."
    "VkDeviceCreateInfo.enabledLayerCount": "false",
    "VkDeviceCreateInfo.ppEnabledLayerNames": "false",

    # --- Queue families that share a resource ----------------------------------------------------------
    # "queueFamilyIndexCount [and] pQueueFamilyIndices [are] ignored if sharingMode is not
    # VK_SHARING_MODE_CONCURRENT." VUID-VkBufferCreateInfo-sharingMode-00913,
    # VUID-VkImageCreateInfo-sharingMode-00941, VUID-VkSwapchainCreateInfoKHR-imageSharingMode-01277,
    # VUID-VkPhysicalDeviceImageDrmFormatModifierInfoEXT-sharingMode-02314
    "VkBufferCreateInfo.queueFamilyIndexCount": _CONCURRENT,
    "VkBufferCreateInfo.pQueueFamilyIndices": _CONCURRENT,
    "VkImageCreateInfo.queueFamilyIndexCount": _CONCURRENT,
    "VkImageCreateInfo.pQueueFamilyIndices": _CONCURRENT,
    "VkPhysicalDeviceImageDrmFormatModifierInfoEXT.queueFamilyIndexCount": _CONCURRENT,
    "VkPhysicalDeviceImageDrmFormatModifierInfoEXT.pQueueFamilyIndices": _CONCURRENT,
    "VkSwapchainCreateInfoKHR.queueFamilyIndexCount":
        "v->imageSharingMode == VK_SHARING_MODE_CONCURRENT",
    "VkSwapchainCreateInfoKHR.pQueueFamilyIndices":
        "v->imageSharingMode == VK_SHARING_MODE_CONCURRENT",

    # --- Images ------------------------------------------------------------------------------------------
    # VUID-VkImageCompressionControlEXT-flags-06748: only explicit rates need the array. The count has no
    # rule, because it says how many planes the image has.
    "VkImageCompressionControlEXT.pFixedRateFlags":
        "v->flags & VK_IMAGE_COMPRESSION_FIXED_RATE_EXPLICIT_EXT",
    # "planeAspect [is] ignored unless [...] DISJOINT": VUIDs -pCreateInfo-06417 to -06420
    "VkDeviceImageMemoryRequirements.planeAspect":
        "v->pCreateInfo->flags & VK_IMAGE_CREATE_DISJOINT_BIT",
    # (VkBindImageMemoryInfo.memory needs no rule: with a swapchain in the chain it has to be null,
    # VUID-VkBindImageMemoryInfo-pNext-01631. Both handles of VkMemoryDedicatedAllocateInfo are always
    # valid or null.)

    # --- Samplers ----------------------------------------------------------------------------------------
    # VUID-VkSamplerCreateInfo-compareEnable-01080 and -addressModeU-01078
    "VkSamplerCreateInfo.compareOp": "v->compareEnable",
    "VkSamplerCreateInfo.borderColor":
        "v->addressModeU == VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER || "
        "v->addressModeV == VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER || "
        "v->addressModeW == VK_SAMPLER_ADDRESS_MODE_CLAMP_TO_BORDER",

    # --- Descriptors -------------------------------------------------------------------------------------
    # "If descriptorType is not VK_DESCRIPTOR_TYPE_SAMPLER or VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER
    # [...] pImmutableSamplers is ignored." VUID-VkDescriptorSetLayoutBinding-descriptorType-00282
    "VkDescriptorSetLayoutBinding.pImmutableSamplers":
        "v->descriptorType == VK_DESCRIPTOR_TYPE_SAMPLER || "
        "v->descriptorType == VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER",
    # "dstSet is ignored" by vkCmdPushDescriptorSet; else VUID-VkWriteDescriptorSet-dstSet-00320
    "VkWriteDescriptorSet.dstSet": _unless("DST_SET"),
    # "Only one of [the] members is used, according to the descriptor type [...], or none of them [if
    # the descriptors are] in the pNext chain." VUIDs -descriptorType-00324 and -02994.
    "VkWriteDescriptorSet.pImageInfo":
        "tongs_ignored_in_image_descriptor(v->descriptorType) != "
        "(TONGS_IGNORED_SAMPLER | TONGS_IGNORED_IMAGE_VIEW | TONGS_IGNORED_IMAGE_LAYOUT)",
    "VkWriteDescriptorSet.pBufferInfo":
        "v->descriptorType == VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER || "
        "v->descriptorType == VK_DESCRIPTOR_TYPE_STORAGE_BUFFER || "
        "v->descriptorType == VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER_DYNAMIC || "
        "v->descriptorType == VK_DESCRIPTOR_TYPE_STORAGE_BUFFER_DYNAMIC",
    "VkWriteDescriptorSet.pTexelBufferView":
        "v->descriptorType == VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER || "
        "v->descriptorType == VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER",
    # "Members [...] that are not used in an update (as described above) are ignored."
    # VUIDs -descriptorType-00325, -02996, -07683 and -04150 of VkWriteDescriptorSet
    "VkDescriptorImageInfo.sampler": _unless("SAMPLER"),
    "VkDescriptorImageInfo.imageView": _unless("IMAGE_VIEW"),
    "VkDescriptorImageInfo.imageLayout": _unless("IMAGE_LAYOUT"),
    # VUID-VkDescriptorUpdateTemplateCreateInfo-templateType-00350 to -00353: "This parameter is
    # ignored if templateType is not ..."
    "VkDescriptorUpdateTemplateCreateInfo.descriptorSetLayout":
        "v->templateType == VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_DESCRIPTOR_SET",
    "VkDescriptorUpdateTemplateCreateInfo.pipelineBindPoint":
        "v->templateType == VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_PUSH_DESCRIPTORS_KHR",
    "VkDescriptorUpdateTemplateCreateInfo.pipelineLayout":
        "v->templateType == VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_PUSH_DESCRIPTORS_KHR",
    "VkDescriptorUpdateTemplateCreateInfo.set":
        "v->templateType == VK_DESCRIPTOR_UPDATE_TEMPLATE_TYPE_PUSH_DESCRIPTORS_KHR",

    # --- Graphics pipelines --------------------------------------------------------------------------------
    # The rules depend on the subset of the state that the pipeline has, its shaders, its dynamic state,
    # whether it rasterizes, and its attachments. protocol/ignored.c names the VUIDs.
    "VkGraphicsPipelineCreateInfo.stageCount": _unless("STAGES"),
    "VkGraphicsPipelineCreateInfo.pStages": _unless("STAGES"),
    "VkGraphicsPipelineCreateInfo.pVertexInputState": _unless("VERTEX_INPUT"),
    "VkGraphicsPipelineCreateInfo.pInputAssemblyState": _unless("INPUT_ASSEMBLY"),
    "VkGraphicsPipelineCreateInfo.pTessellationState": _unless("TESSELLATION"),
    "VkGraphicsPipelineCreateInfo.pViewportState": _unless("VIEWPORT_STATE"),
    "VkGraphicsPipelineCreateInfo.pRasterizationState": _unless("RASTERIZATION"),
    "VkGraphicsPipelineCreateInfo.pMultisampleState": _unless("MULTISAMPLE"),
    "VkGraphicsPipelineCreateInfo.pDepthStencilState": _unless("DEPTH_STENCIL"),
    "VkGraphicsPipelineCreateInfo.pColorBlendState": _unless("COLOR_BLEND"),
    "VkGraphicsPipelineCreateInfo.layout": _unless("LAYOUT"),
    "VkGraphicsPipelineCreateInfo.renderPass": _unless("RENDER_PASS"),
    # VUID-VkGraphicsPipelineCreateInfo-flags-07984, -VkComputePipelineCreateInfo-flags-07984,
    # -VkRayTracingPipelineCreateInfoKHR-flags-07984, -VkRayTracingPipelineCreateInfoNV-flags-07984
    "VkGraphicsPipelineCreateInfo.basePipelineHandle": _unless("BASE_PIPELINE"),
    "VkComputePipelineCreateInfo.basePipelineHandle": _unless("BASE_PIPELINE"),
    "VkRayTracingPipelineCreateInfoKHR.basePipelineHandle": _unless("BASE_PIPELINE"),
    "VkRayTracingPipelineCreateInfoNV.basePipelineHandle": _unless("BASE_PIPELINE"),
    # VUID-VkRayTracingPipelineCreateInfoKHR-rayTracingPipelineShaderGroupHandleCaptureReplay-03599
    "VkRayTracingShaderGroupCreateInfoKHR.pShaderGroupCaptureReplayHandle": _unless("GROUP_HANDLES"),
    # VUID-VkGraphicsShaderGroupCreateInfoNV-pVertexInputState-02890, -pTessellationState-02891
    "VkGraphicsShaderGroupCreateInfoNV.pVertexInputState": _unless("VERTEX_INPUT"),
    "VkGraphicsShaderGroupCreateInfoNV.pTessellationState": _unless("TESSELLATION"),

    # Static values of dynamic state. VUID-VkGraphicsPipelineCreateInfo-pDynamicStates-04130, -04131.
    # The counts of viewports and scissors are used all the same.
    "VkPipelineViewportStateCreateInfo.pViewports": _unless("VIEWPORTS"),
    "VkPipelineViewportStateCreateInfo.pScissors": _unless("SCISSORS"),
    # VUID-VkGraphicsPipelineCreateInfo-pDynamicStates-01715 (with viewportWScalingEnable)
    "VkPipelineViewportWScalingStateCreateInfoNV.pViewportWScalings":
        _unless("VIEWPORT_W_SCALINGS") + " && v->viewportWScalingEnable",
    # VUID-VkGraphicsPipelineCreateInfo-pDynamicStates-04056 to -04058
    "VkPipelineViewportExclusiveScissorStateCreateInfoNV.pExclusiveScissors":
        _unless("EXCLUSIVE_SCISSORS"),
    "VkPipelineViewportShadingRateImageStateCreateInfoNV.pShadingRatePalettes":
        _unless("SHADING_RATE_PALETTES"),
    "VkPipelineDiscardRectangleStateCreateInfoEXT.pDiscardRectangles": _unless("DISCARD_RECTANGLES"),
    # "specifies that the pSampleMask state [...] will be ignored" (VK_DYNAMIC_STATE_SAMPLE_MASK_EXT).
    # Its length comes from rasterizationSamples even if that is dynamic.
    "VkPipelineMultisampleStateCreateInfo.pSampleMask": _unless("SAMPLE_MASK"),
    # VUID-VkGraphicsPipelineCreateInfo-pDynamicStates-01521 to -01523, -07610 to -07612: the locations
    # are used if they are enabled or if their enabling is dynamic; otherwise they are garbage.
    "VkSampleLocationsInfoEXT.sampleLocationsPerPixel": _unless("SAMPLE_LOCATIONS"),
    "VkSampleLocationsInfoEXT.sampleLocationsCount": _unless("SAMPLE_LOCATIONS"),
    "VkSampleLocationsInfoEXT.pSampleLocations": _unless("SAMPLE_LOCATIONS"),
    # VUID-VkPipelineCoverageModulationStateCreateInfoNV-coverageModulationTableEnable-01405: "If
    # coverageModulationTableEnable is VK_FALSE, this [count, and so the table] is ignored"
    "VkPipelineCoverageModulationStateCreateInfoNV.coverageModulationTableCount":
        _unless("COVERAGE_TABLE") + " && (v->coverageModulationTableEnable || "
        "(e->ignored & TONGS_IGNORED_COVERAGE_TABLE_ENABLE))",
    "VkPipelineCoverageModulationStateCreateInfoNV.pCoverageModulationTable":
        _unless("COVERAGE_TABLE") + " && (v->coverageModulationTableEnable || "
        "(e->ignored & TONGS_IGNORED_COVERAGE_TABLE_ENABLE))",
    # VUID-VkPipelineColorBlendStateCreateInfo-logicOpEnable-00607
    "VkPipelineColorBlendStateCreateInfo.logicOp":
        _unless("LOGIC_OP") +
        " && (v->logicOpEnable || (e->ignored & TONGS_IGNORED_LOGIC_OP_ENABLE))",
    # VUID-VkPipelineColorBlendStateCreateInfo-pAttachments-07353
    "VkPipelineColorBlendStateCreateInfo.pAttachments": _unless("BLEND_ATTACHMENTS"),
    # VUID-VkGraphicsPipelineCreateInfo-pDynamicState-04494 to -04507 and -04569, -04570 hold only if
    # VK_DYNAMIC_STATE_FRAGMENT_SHADING_RATE_KHR is not dynamic
    "VkPipelineFragmentShadingRateStateCreateInfoKHR.combinerOps": _unless("FRAGMENT_SHADING_RATE"),
    "VkPipelineFragmentShadingRateEnumStateCreateInfoNV.shadingRateType":
        _unless("FRAGMENT_SHADING_RATE"),
    "VkPipelineFragmentShadingRateEnumStateCreateInfoNV.shadingRate":
        _unless("FRAGMENT_SHADING_RATE"),
    "VkPipelineFragmentShadingRateEnumStateCreateInfoNV.combinerOps":
        _unless("FRAGMENT_SHADING_RATE"),

    # Formats for dynamic rendering: "If a graphics pipeline is created with a valid VkRenderPass,
    # parameters of this structure are ignored"; a library uses them only with fragment output state.
    # VUIDs -renderPass-06579 to -06585. CTS BAD_RENDERING_CREATE_INFO leaves the counts as garbage, too.
    "VkPipelineRenderingCreateInfo.colorAttachmentCount": _FORMATS,
    "VkPipelineRenderingCreateInfo.pColorAttachmentFormats": _FORMATS,
    "VkPipelineRenderingCreateInfo.depthAttachmentFormat": _FORMATS,
    "VkPipelineRenderingCreateInfo.stencilAttachmentFormat": _FORMATS,
    "VkAttachmentSampleCountInfoAMD.colorAttachmentCount": _FORMATS,
    "VkAttachmentSampleCountInfoAMD.pColorAttachmentSamples": _FORMATS,
    "VkAttachmentSampleCountInfoAMD.depthStencilAttachmentSamples": _FORMATS,

    # --- Command buffers -----------------------------------------------------------------------------------
    # "If this is a primary command buffer, then this value is ignored."
    # VUID-vkBeginCommandBuffer-commandBuffer-00051; CTS: bad_inheritance_info_random
    "VkCommandBufferBeginInfo.pInheritanceInfo": _unless("INHERITANCE"),
    # "If the VkCommandBuffer will not be executed within a render pass instance, [...] renderPass,
    # subpass, and framebuffer are ignored." VUIDs -flags-00055, -06000 to -06002 of
    # VkCommandBufferBeginInfo
    "VkCommandBufferInheritanceInfo.renderPass": _unless("RENDER_PASS"),
    "VkCommandBufferInheritanceInfo.subpass": _unless("RENDER_PASS"),
    "VkCommandBufferInheritanceInfo.framebuffer": _unless("RENDER_PASS"),
    # "If [...] renderPass is not VK_NULL_HANDLE, or [...] RENDER_PASS_CONTINUE_BIT is not specified
    # [...], parameters of this structure are ignored."
    "VkCommandBufferInheritanceRenderingInfo.colorAttachmentCount": _FORMATS,
    "VkCommandBufferInheritanceRenderingInfo.pColorAttachmentFormats": _FORMATS,
    "VkCommandBufferInheritanceRenderingInfo.depthAttachmentFormat": _FORMATS,
    "VkCommandBufferInheritanceRenderingInfo.stencilAttachmentFormat": _FORMATS,
    # VUID-VkCommandBufferInheritanceViewportScissorInfoNV-viewportScissor2D-04785. The registry states no
    # length for the array; it has viewportDepthCount elements.
    "VkCommandBufferInheritanceViewportScissorInfoNV.viewportDepthCount": "v->viewportScissor2D",
    "VkCommandBufferInheritanceViewportScissorInfoNV.pViewportDepths": "v->viewportScissor2D",
    # VUIDs -pCounterBuffer-02371 to -02373: without buffers there are no offsets
    "vkCmdBeginTransformFeedbackEXT.pCounterBufferOffsets": "args->pCounterBuffers != NULL",
    "vkCmdEndTransformFeedbackEXT.pCounterBufferOffsets": "args->pCounterBuffers != NULL",

    # --- Render passes and rendering -------------------------------------------------------------------------
    # "If flags includes VK_FRAMEBUFFER_CREATE_IMAGELESS_BIT, parameter pAttachments is ignored."
    # VUID-VkFramebufferCreateInfo-flags-02778. The count is used all the same.
    "VkFramebufferCreateInfo.pAttachments": "!(v->flags & VK_FRAMEBUFFER_CREATE_IMAGELESS_BIT)",
    # (VkSubpassDescriptionDepthStencilResolve's modes need no rule. VkMultisampledRenderToSingleSampledInfoEXT
    # uses them without a resolve attachment, and a bitmask does no harm as garbage.)
    # "If imageView is VK_NULL_HANDLE, and resolveMode is not [EXTERNAL_FORMAT_DOWNSAMPLE], other
    # members of this structure are ignored"; "resolveImageView is [...] used to write resolved data"
    # unless the mode is NONE: VUIDs -imageView-06861 to -06865. A mode above MAX_BIT is newer than the
    # oldest headers that Tongs builds with, and may resolve without an imageView.
    "VkRenderingAttachmentInfo.resolveImageView":
        "v->resolveMode != VK_RESOLVE_MODE_NONE && "
        "(v->imageView != VK_NULL_HANDLE || v->resolveMode > VK_RESOLVE_MODE_MAX_BIT)",
    # (These need no rule. VkRenderPassAttachmentBeginInfo: its count is 0 without an imageless framebuffer,
    # VUID-VkRenderPassBeginInfo-framebuffer-03207. VkSubpassDescription*.pResolveAttachments and
    # pDepthStencilAttachment are NULL or valid. VkClearValue and VkClearAttachment travel as bytes.)

    # --- Queries -------------------------------------------------------------------------------------------
    # "pipelineStatistics is ignored if queryType is not VK_QUERY_TYPE_PIPELINE_STATISTICS."
    "VkQueryPoolCreateInfo.pipelineStatistics":
        "v->queryType == VK_QUERY_TYPE_PIPELINE_STATISTICS",

    # --- Acceleration structures and micromaps -----------------------------------------------------------
    # vkGetAccelerationStructureBuildSizesKHR: "The srcAccelerationStructure, dstAccelerationStructure,
    # and mode members of pBuildInfo are ignored."
    "VkAccelerationStructureBuildGeometryInfoKHR.mode": _BUILD,
    # VUID-vkCmdBuildAccelerationStructuresKHR-pInfos-04630
    "VkAccelerationStructureBuildGeometryInfoKHR.srcAccelerationStructure":
        _BUILD + " && v->mode == VK_BUILD_ACCELERATION_STRUCTURE_MODE_UPDATE_KHR",
    "VkAccelerationStructureBuildGeometryInfoKHR.dstAccelerationStructure": _BUILD,
    # vkGetMicromapBuildSizesEXT: "The dstMicromap and mode members of pBuildInfo are ignored."
    "VkMicromapBuildInfoEXT.mode": _BUILD,
    "VkMicromapBuildInfoEXT.dstMicromap": _BUILD,
}

# Rules that apply only if the registry has the symbol that is their key here, because older headers
# lack the struct or a name in the expression.
IGNORED_UNLESS_NEWER = {
    # "pDepthClampRange [is ignored] if depthClampMode is not USER_DEFINED_RANGE": VUIDs
    # VkPipelineViewportDepthClampControlCreateInfoEXT-pDepthClampRange-09646 and
    # vkCmdSetDepthClampRangeEXT-pDepthClampRange-09647
    "VkPipelineViewportDepthClampControlCreateInfoEXT": {
        "VkPipelineViewportDepthClampControlCreateInfoEXT.pDepthClampRange":
            _unless("DEPTH_CLAMP_RANGE") +
            " && v->depthClampMode == VK_DEPTH_CLAMP_MODE_USER_DEFINED_RANGE_EXT",
        "vkCmdSetDepthClampRangeEXT.pDepthClampRange":
            "args->depthClampMode == VK_DEPTH_CLAMP_MODE_USER_DEFINED_RANGE_EXT",
    },
    # VUID-VkGraphicsPipelineCreateInfo-renderPass-09532: the struct is read with fragment output state and
    # without a render pass. (VkRenderingInputAttachmentIndexInfo needs no rule: NULL or valid.)
    "VkRenderingAttachmentLocationInfo": {
        "VkRenderingAttachmentLocationInfo.colorAttachmentCount": _FORMATS,
        "VkRenderingAttachmentLocationInfo.pColorAttachmentLocations": _FORMATS,
    },
    # The rule is that of VkPipelineRenderingCreateInfo.
    "VkCustomResolveCreateInfoEXT": {
        "VkCustomResolveCreateInfoEXT.colorAttachmentCount": _FORMATS,
        "VkCustomResolveCreateInfoEXT.pColorAttachmentFormats": _FORMATS,
        "VkCustomResolveCreateInfoEXT.depthAttachmentFormat": _FORMATS,
        "VkCustomResolveCreateInfoEXT.stencilAttachmentFormat": _FORMATS,
    },
    # VUID-VkDescriptorGetInfoEXT-type-09701: "data is ignored"
    "VK_DESCRIPTOR_TYPE_TENSOR_ARM": {
        "VkDescriptorGetInfoEXT.data": "v->type != VK_DESCRIPTOR_TYPE_TENSOR_ARM",
    },
    # VUID-VkTensorCreateInfoARM-sharingMode-09722
    "VkTensorCreateInfoARM": {
        "VkTensorCreateInfoARM.queueFamilyIndexCount": _CONCURRENT,
        "VkTensorCreateInfoARM.pQueueFamilyIndices": _CONCURRENT,
    },
}

# The value of e->ignored while a struct's members and chain, or a command's parameters, are encoded.
# `e->ignored` in an expression is the value of the surrounding struct. A struct that is not listed keeps
# that value. A command that is not listed starts with 0.
CONTEXT = {
    "VkGraphicsPipelineCreateInfo": "tongs_ignored_in_graphics_pipeline(v)",
    "VkGraphicsShaderGroupCreateInfoNV": "tongs_ignored_in_shader_group(v, e->ignored)",
    "VkComputePipelineCreateInfo": "tongs_ignored_in_compute_pipeline(v)",
    "VkRayTracingPipelineCreateInfoKHR": "tongs_ignored_in_ray_tracing_pipeline(v)",
    "VkRayTracingPipelineCreateInfoNV": "tongs_ignored_in_ray_tracing_pipeline_nv(v)",
    "VkPipelineSampleLocationsStateCreateInfoEXT":
        "!(e->ignored & TONGS_IGNORED_SAMPLE_LOCATIONS) && "
        "(v->sampleLocationsEnable || (e->ignored & TONGS_IGNORED_SAMPLE_LOCATIONS_ENABLE)) "
        "? 0 : TONGS_IGNORED_SAMPLE_LOCATIONS",
    "VkCommandBufferBeginInfo": "tongs_ignored_in_command_buffer_begin(v, e->ignored)",
    "VkCommandBufferInheritanceInfo": "tongs_ignored_in_command_buffer_inheritance(v, e->ignored)",
    "VkWriteDescriptorSet": "tongs_ignored_in_descriptor_write(v, e->ignored)",
    "VkDescriptorGetInfoEXT": "tongs_ignored_in_descriptor_get(v)",
    # One command with two names; the registry's age decides which one is the alias.
    "vkCmdPushDescriptorSet": "TONGS_IGNORED_DST_SET",
    "vkCmdPushDescriptorSetKHR": "TONGS_IGNORED_DST_SET",
    "VkPushDescriptorSetInfo": "TONGS_IGNORED_DST_SET",
    "VkPushDescriptorSetInfoKHR": "TONGS_IGNORED_DST_SET",
    "vkGetAccelerationStructureBuildSizesKHR": "TONGS_IGNORED_BUILD_TARGETS",
    "vkGetMicromapBuildSizesEXT": "TONGS_IGNORED_BUILD_TARGETS",
}

# Arrays that may be NULL although their count is not 0 (rule R6), in addition to the ignored ones above
# and to those that the registry calls optional. "If pCounterBuffers is NULL, then transform feedback will start
# capturing [...] at [...] offset zero"; "If pColorAttachmentLocations is NULL, it is equivalent to
# [the identity]"; VUID-VkShaderCreateInfoEXT-setLayoutCount-13359 allows pSetLayouts.
NULL_ARRAYS = {
    "vkCmdBeginTransformFeedbackEXT.pCounterBuffers",
    "vkCmdEndTransformFeedbackEXT.pCounterBuffers",
    "VkRenderingAttachmentLocationInfo.pColorAttachmentLocations",
    "VkShaderCreateInfoEXT.pSetLayouts",
}

# Handles, handles of an array, strings and outputs that may be absent although the registry does not say so: it marks what may
# be absent with `optional`, and what depends on other members with `noautovalidity`. Most of these are optional in a newer
# registry only. The worker ends a connection that leaves out any other one.
NULL_HANDLES = {
    # a newer registry says so
    "VkAccelerationStructureTrianglesOpacityMicromapEXT.micromap",
    "VkComputePipelineCreateInfo.layout", "VkRayTracingPipelineCreateInfoKHR.layout", "VkRayTracingPipelineCreateInfoNV.layout",
    "VkGeneratedCommandsInfoNV.pipeline", "VkGeneratedCommandsMemoryRequirementsInfoNV.pipeline",
    "vkCmdBindIndexBuffer.buffer",
    "VkSwapchainPresentFenceInfoEXT.pFences",
    # "VK_NULL_HANDLE or a swapchain handle"
    "VkBindImageMemorySwapchainInfoKHR.swapchain",
}

# --- Rule R5: what the worker refuses -----------------------------------------------------------------

# The worker checks these conditions on decoded values: C over `v` or, for a command, `args`. Every valid
# use satisfies them. Values that are invalid, but that applications pass and that drivers survive (such
# as a framebuffer or buffer of size 0), have no condition.
RANGES = {
    # VUID-VkShaderModuleCreateInfo-codeSize-01085 and -08735; SPIR-V's header has five words
    "VkShaderModuleCreateInfo.codeSize": "v->codeSize % 4 == 0 && v->codeSize >= 20",
    "VkShaderCreateInfoEXT.codeSize":
        "v->codeType != VK_SHADER_CODE_TYPE_SPIRV_EXT || "
        "(v->codeSize % 4 == 0 && v->codeSize >= 20)",
    # VUID-VkSwapchainCreateInfoKHR-imageExtent-01689, -imageArrayLayers-01275: drivers multiply and divide by these
    "VkSwapchainCreateInfoKHR.imageExtent":
        "v->imageExtent.width > 0 && v->imageExtent.height > 0 && v->imageArrayLayers > 0",
    # drivers index a table of VK_MAX_MEMORY_TYPES entries
    "VkMemoryAllocateInfo.memoryTypeIndex": "v->memoryTypeIndex < VK_MAX_MEMORY_TYPES",
    # VUID-VkImageCreateInfo-extent-00944 to -00946, -mipLevels-00947, -arrayLayers-00948: drivers divide
    # by these, shift by them and decrement them
    "VkImageCreateInfo.extent":
        "v->extent.width > 0 && v->extent.height > 0 && v->extent.depth > 0",
    "VkImageCreateInfo.arrayLayers": "v->arrayLayers > 0",
    # VUID-VkImageCreateInfo-mipLevels-00958: no level beyond the full chain
    "VkImageCreateInfo.mipLevels":
        "v->mipLevels > 0 && v->mipLevels <= 32 && "
        "((v->extent.width | v->extent.height | v->extent.depth) >> (v->mipLevels - 1)) != 0",
    "VkImageCreateInfo.samples":
        "v->samples > 0 && v->samples <= VK_SAMPLE_COUNT_64_BIT && "
        "(v->samples & (v->samples - 1)) == 0",
    # VUID-VkImageDrmFormatModifierExplicitCreateInfoEXT-drmFormatModifierPlaneCount-02265: the count equals
    # that of the modifier, and no modifier has more than four planes
    "VkImageDrmFormatModifierExplicitCreateInfoEXT.drmFormatModifierPlaneCount":
        "v->drmFormatModifierPlaneCount <= 4",
    # drivers index arrays of an image by the level, and an image has at most 32 levels
    "VkImageSubresource.mipLevel": "v->mipLevel < 32",
    "VkImageSubresourceLayers.mipLevel": "v->mipLevel < 32",
    "VkImageSubresourceRange.baseMipLevel": "v->baseMipLevel < 32",
    "VkImageSubresourceRange.levelCount":
        "v->levelCount == VK_REMAINING_MIP_LEVELS || v->levelCount <= 32",
    # VUID-VkPushConstantRange-offset-00295, -size-00296, -size-00297; the sum must not wrap
    "VkPushConstantRange.offset": "v->offset % 4 == 0 && v->offset <= UINT32_MAX - v->size",
    "VkPushConstantRange.size": "v->size > 0 && v->size % 4 == 0",
    # VUID-vkCmdPushConstants-offset-00368, -size-00369
    "vkCmdPushConstants.offset":
        "args->offset % 4 == 0 && args->offset <= UINT32_MAX - args->size",
    "vkCmdPushConstants.size": "args->size > 0 && args->size % 4 == 0",
    # VUID-VkDescriptorSetLayoutBinding-descriptorType-02209
    "VkDescriptorSetLayoutBinding.descriptorCount":
        "v->descriptorType != VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK || v->descriptorCount % 4 == 0",
    # VUID-VkWriteDescriptorSet-descriptorType-02219 and -02220
    "VkWriteDescriptorSet.descriptorCount":
        "v->descriptorType != VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK || "
        "(v->descriptorCount % 4 == 0 && v->dstArrayElement % 4 == 0)",
    # VUID-vkGetRayTracingShaderGroupHandlesKHR-dataSize-02420: drivers write without checking the size. A
    # handle has 32 bytes (shaderGroupHandleSize), a capture handle at most 64
    "vkGetRayTracingShaderGroupHandlesKHR.dataSize": "args->groupCount <= args->dataSize / 32",
    "vkGetRayTracingCaptureReplayShaderGroupHandlesKHR.dataSize": "args->groupCount <= args->dataSize / 64",
    # VUID-vkGetAccelerationStructureHandleNV-dataSize-02240: drivers write 8 bytes without checking the size
    "vkGetAccelerationStructureHandleNV.dataSize": "args->dataSize >= 8",
    # VUID-vkCmdUpdateBuffer-dataSize-00037, -00038, -dstOffset-00036
    "vkCmdUpdateBuffer.dataSize":
        "args->dataSize > 0 && args->dataSize <= 65536 && args->dataSize % 4 == 0",
    # VUID-VkSampleLocationsInfoEXT-sampleLocationsCount-01527; 0 if the locations are ignored
    "VkSampleLocationsInfoEXT.sampleLocationsCount":
        "v->sampleLocationsCount == 0 || "
        "(v->sampleLocationGridSize.width <= 0xffff && v->sampleLocationGridSize.height <= 0xffff && "
        "v->sampleLocationsPerPixel <= VK_SAMPLE_COUNT_64_BIT && "
        "(uint64_t)v->sampleLocationsPerPixel * v->sampleLocationGridSize.width * "
        "v->sampleLocationGridSize.height == v->sampleLocationsCount)",
    # VUID-VkFragmentShadingRateAttachmentInfoKHR-pFragmentShadingRateAttachment-04525 to -04530: a
    # power of two if it is used; drivers divide by it
    "VkFragmentShadingRateAttachmentInfoKHR.shadingRateAttachmentTexelSize":
        "!v->pFragmentShadingRateAttachment || "
        "v->pFragmentShadingRateAttachment->attachment == VK_ATTACHMENT_UNUSED || "
        "(v->shadingRateAttachmentTexelSize.width > 0 && "
        "v->shadingRateAttachmentTexelSize.height > 0)",
    # VUID-VkRenderingFragmentShadingRateAttachmentInfoKHR-imageView-06149 to -06155
    "VkRenderingFragmentShadingRateAttachmentInfoKHR.shadingRateAttachmentTexelSize":
        "v->imageView == VK_NULL_HANDLE || (v->shadingRateAttachmentTexelSize.width > 0 && "
        "v->shadingRateAttachmentTexelSize.height > 0)",
    # VUID-VkDebugUtilsObjectNameInfoEXT-objectType-02590 and similar ones: drivers dereference the object
    "vkSetDebugUtilsObjectNameEXT.pNameInfo": "args->pNameInfo->objectHandle != 0",
    "vkSetDebugUtilsObjectTagEXT.pTagInfo": "args->pTagInfo->objectHandle != 0",
    "vkDebugMarkerSetObjectNameEXT.pNameInfo": "args->pNameInfo->object != 0",
    "vkDebugMarkerSetObjectTagEXT.pTagInfo": "args->pTagInfo->object != 0",
    # VUID-vkCmdSetFragmentShadingRateKHR-pFragmentSize-04513 to -04518: drivers index by the size's logarithm
    "vkCmdSetFragmentShadingRateKHR.pFragmentSize":
        "args->pFragmentSize->width >= 1 && args->pFragmentSize->width <= 4 && "
        "args->pFragmentSize->width != 3 && args->pFragmentSize->height >= 1 && "
        "args->pFragmentSize->height <= 4 && args->pFragmentSize->height != 3",
}

# The same, over `limits` too (const VkPhysicalDeviceLimits *, the host device's): indices into tables of
# fixed size that drivers keep. The limits differ between devices, so that a constant would not do.
RANGES_LIMITS = {
    # VUID-VkPipelineViewportStateCreateInfo-viewportCount-01218, -scissorCount-01219
    "VkPipelineViewportStateCreateInfo.viewportCount": "v->viewportCount <= limits->maxViewports",
    "VkPipelineViewportStateCreateInfo.scissorCount": "v->scissorCount <= limits->maxViewports",
    # VUID-vkCmdSetViewport-firstViewport-01223, -vkCmdSetScissor-firstScissor-00592,
    # -vkCmdSetViewportWithCount-viewportCount-03394, -vkCmdSetScissorWithCount-scissorCount-03397
    "vkCmdSetViewport.viewportCount":
        "args->viewportCount <= limits->maxViewports && "
        "args->firstViewport <= limits->maxViewports - args->viewportCount",
    "vkCmdSetScissor.scissorCount":
        "args->scissorCount <= limits->maxViewports && "
        "args->firstScissor <= limits->maxViewports - args->scissorCount",
    "vkCmdSetViewportWithCount.viewportCount": "args->viewportCount <= limits->maxViewports",
    "vkCmdSetScissorWithCount.scissorCount": "args->scissorCount <= limits->maxViewports",
    # VUIDs -binding-00618, -location-00620, -binding-00621, -04796, -06228, -06229, -01869, and
    # VUID-VkPipelineVertexInputStateCreateInfo-vertexBindingDescriptionCount-00613, -00614
    "VkVertexInputBindingDescription.binding": "v->binding < limits->maxVertexInputBindings",
    "VkVertexInputAttributeDescription.location": "v->location < limits->maxVertexInputAttributes",
    "VkVertexInputAttributeDescription.binding": "v->binding < limits->maxVertexInputBindings",
    "VkVertexInputBindingDescription2EXT.binding": "v->binding < limits->maxVertexInputBindings",
    "VkVertexInputAttributeDescription2EXT.location":
        "v->location < limits->maxVertexInputAttributes",
    "VkVertexInputAttributeDescription2EXT.binding": "v->binding < limits->maxVertexInputBindings",
    "VkVertexInputBindingDivisorDescriptionEXT.binding":
        "v->binding < limits->maxVertexInputBindings",
    "VkVertexInputBindingDivisorDescription.binding": "v->binding < limits->maxVertexInputBindings",
    "VkPipelineVertexInputStateCreateInfo.vertexBindingDescriptionCount":
        "v->vertexBindingDescriptionCount <= limits->maxVertexInputBindings",
    "VkPipelineVertexInputStateCreateInfo.vertexAttributeDescriptionCount":
        "v->vertexAttributeDescriptionCount <= limits->maxVertexInputAttributes",
    "vkCmdSetVertexInputEXT.vertexBindingDescriptionCount":
        "args->vertexBindingDescriptionCount <= limits->maxVertexInputBindings",
    "vkCmdSetVertexInputEXT.vertexAttributeDescriptionCount":
        "args->vertexAttributeDescriptionCount <= limits->maxVertexInputAttributes",
    # VUID-vkCmdBindVertexBuffers-firstBinding-00625, -vkCmdBindVertexBuffers2-firstBinding-03356
    "vkCmdBindVertexBuffers.bindingCount":
        "args->bindingCount <= limits->maxVertexInputBindings && "
        "args->firstBinding <= limits->maxVertexInputBindings - args->bindingCount",
    "vkCmdBindVertexBuffers2.bindingCount":
        "args->bindingCount <= limits->maxVertexInputBindings && "
        "args->firstBinding <= limits->maxVertexInputBindings - args->bindingCount",
    # VUID-VkPipelineTessellationStateCreateInfo-patchControlPoints-01214
    "VkPipelineTessellationStateCreateInfo.patchControlPoints":
        "v->patchControlPoints <= limits->maxTessellationPatchSize",
    # VUID-VkSubpassDescription*-colorAttachmentCount-00845, -VkRenderingInfo-colorAttachmentCount-06106
    # -VkPipelineRenderingCreateInfo-colorAttachmentCount-09533, -vkCmdSetColorWriteEnableEXT-06656
    "VkSubpassDescription.colorAttachmentCount":
        "v->colorAttachmentCount <= limits->maxColorAttachments",
    "VkSubpassDescription2.colorAttachmentCount":
        "v->colorAttachmentCount <= limits->maxColorAttachments",
    "VkRenderingInfo.colorAttachmentCount":
        "v->colorAttachmentCount <= limits->maxColorAttachments",
    "VkPipelineRenderingCreateInfo.colorAttachmentCount":
        "v->colorAttachmentCount <= limits->maxColorAttachments",
    "VkRenderingAttachmentLocationInfo.colorAttachmentCount":
        "v->colorAttachmentCount <= limits->maxColorAttachments",
    "VkRenderingInputAttachmentIndexInfo.colorAttachmentCount":
        "v->colorAttachmentCount <= limits->maxColorAttachments",
    "vkCmdSetColorWriteEnableEXT.attachmentCount":
        "args->attachmentCount <= limits->maxColorAttachments",
    # VUID-vkCmdClearAttachments-aspectMask-07271: an index below maxColorAttachments
    "VkClearAttachment.colorAttachment":
        "!(v->aspectMask & VK_IMAGE_ASPECT_COLOR_BIT) || "
        "v->colorAttachment == VK_ATTACHMENT_UNUSED || "
        "v->colorAttachment < limits->maxColorAttachments",
    # VUID-VkPipelineLayoutCreateInfo-setLayoutCount-00286, -VkShaderCreateInfoEXT-setLayoutCount-12257,
    # -vkCmdBindDescriptorSets-firstSet-00360 (at most setLayoutCount)
    "VkPipelineLayoutCreateInfo.setLayoutCount":
        "v->setLayoutCount <= limits->maxBoundDescriptorSets",
    "VkShaderCreateInfoEXT.setLayoutCount": "v->setLayoutCount <= limits->maxBoundDescriptorSets",
    "vkCmdBindDescriptorSets.descriptorSetCount":
        "args->descriptorSetCount <= limits->maxBoundDescriptorSets && "
        "args->firstSet <= limits->maxBoundDescriptorSets - args->descriptorSetCount",
    # VUID-VkSwapchainCreateInfoKHR-imageFormat-01778, -imageArrayLayers-01275: the extents of an image
    "VkSwapchainCreateInfoKHR.imageExtent":
        "v->imageExtent.width <= limits->maxImageDimension2D && "
        "v->imageExtent.height <= limits->maxImageDimension2D && "
        "v->imageArrayLayers <= limits->maxImageArrayLayers",
    # VUID-VkPushConstantRange-offset-00294, -size-00298, -vkCmdPushConstants-offset-00370, -size-00371
    "VkPushConstantRange.size":
        "v->size <= limits->maxPushConstantsSize && "
        "v->offset <= limits->maxPushConstantsSize - v->size",
    "vkCmdPushConstants.size":
        "args->size <= limits->maxPushConstantsSize && "
        "args->offset <= limits->maxPushConstantsSize - args->size",
}

# Counts in a chained struct that must equal a count of the struct that it extends, because drivers walk
# the chained array with the other struct's count. With True, the count may also be 0. A third value is
# C over the extended struct; if it is false, the chained struct is ignored.
EXTENDED_COUNTS = {
    # VUID-VkDescriptorSetLayoutBindingFlagsCreateInfo-bindingCount-03002
    "VkDescriptorSetLayoutBindingFlagsCreateInfo.bindingCount":
        ("VkDescriptorSetLayoutCreateInfo.bindingCount", True),
    # VUID-VkDescriptorSetVariableDescriptorCountAllocateInfo-descriptorSetCount-03045
    "VkDescriptorSetVariableDescriptorCountAllocateInfo.descriptorSetCount":
        ("VkDescriptorSetAllocateInfo.descriptorSetCount", True),
    # VUID-VkWriteDescriptorSet-descriptorType-02221, -02382 and -03817; only with that descriptorType
    "VkWriteDescriptorSetInlineUniformBlock.dataSize":
        ("VkWriteDescriptorSet.descriptorCount", False,
         "v->descriptorType == VK_DESCRIPTOR_TYPE_INLINE_UNIFORM_BLOCK"),
    "VkWriteDescriptorSetAccelerationStructureKHR.accelerationStructureCount":
        ("VkWriteDescriptorSet.descriptorCount", False,
         "v->descriptorType == VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_KHR"),
    "VkWriteDescriptorSetAccelerationStructureNV.accelerationStructureCount":
        ("VkWriteDescriptorSet.descriptorCount", False,
         "v->descriptorType == VK_DESCRIPTOR_TYPE_ACCELERATION_STRUCTURE_NV"),
    # VUID-VkRenderPassCreateInfo-pNext-01928 and -01929
    "VkRenderPassMultiviewCreateInfo.subpassCount": ("VkRenderPassCreateInfo.subpassCount", True),
    "VkRenderPassMultiviewCreateInfo.dependencyCount":
        ("VkRenderPassCreateInfo.dependencyCount", True),
    # VUID-VkFramebufferCreateInfo-flags-03191
    "VkFramebufferAttachmentsCreateInfo.attachmentImageInfoCount":
        ("VkFramebufferCreateInfo.attachmentCount", True),
    # VUID-VkDeviceGroupSubmitInfo-waitSemaphoreCount-00082, -commandBufferCount-00083,
    # -signalSemaphoreCount-00084
    "VkDeviceGroupSubmitInfo.waitSemaphoreCount": ("VkSubmitInfo.waitSemaphoreCount", False),
    "VkDeviceGroupSubmitInfo.commandBufferCount": ("VkSubmitInfo.commandBufferCount", False),
    "VkDeviceGroupSubmitInfo.signalSemaphoreCount": ("VkSubmitInfo.signalSemaphoreCount", False),
    # VUID-VkDeviceGroupPresentInfoKHR-swapchainCount-01297, -VkPresentRegionsKHR-swapchainCount-01260,
    # -VkPresentIdKHR-swapchainCount-04998, -VkPresentId2KHR-swapchainCount-10818,
    # -VkSwapchainPresentFenceInfoKHR-swapchainCount-07757, -VkSwapchainPresentModeInfoKHR-swapchainCount-07760
    "VkDeviceGroupPresentInfoKHR.swapchainCount": ("VkPresentInfoKHR.swapchainCount", True),
    "VkPresentRegionsKHR.swapchainCount": ("VkPresentInfoKHR.swapchainCount", False),
    "VkPresentIdKHR.swapchainCount": ("VkPresentInfoKHR.swapchainCount", False),
    "VkPresentId2KHR.swapchainCount": ("VkPresentInfoKHR.swapchainCount", False),
    "VkSwapchainPresentFenceInfoEXT.swapchainCount": ("VkPresentInfoKHR.swapchainCount", False),
    "VkSwapchainPresentFenceInfoKHR.swapchainCount": ("VkPresentInfoKHR.swapchainCount", False),
    "VkSwapchainPresentModeInfoEXT.swapchainCount": ("VkPresentInfoKHR.swapchainCount", False),
    "VkSwapchainPresentModeInfoKHR.swapchainCount": ("VkPresentInfoKHR.swapchainCount", False),
}

# The worker's handlers check these, because a check needs an object, an array or the whole command:
# - queueFamilyIndex and queueIndex (vkGetDeviceQueue*, VkCommandPoolCreateInfo, VkDeviceQueueCreateInfo,
#   barriers), memoryTypeIndex against the host's own count, heap and group indices;
# - subpass of VkGraphicsPipelineCreateInfo and VkCommandBufferInheritanceInfo, vkCmdNextSubpass beyond
#   the last, attachment indices in VkRenderPassCreateInfo*, clearValueCount against the render pass,
#   VkRenderPassAttachmentBeginInfo against the framebuffer;
# - query indices against the pool, dstBinding and dstArrayElement against the layout, template entries;
# - every (offset, size) on a buffer, memory or image, if the host device is a CPU;
# - map entries of VkSpecializationInfo: offset < dataSize, size <= dataSize - offset (Mesa reads beyond dataSize);
# - shader indices in VkRayTracingShaderGroupCreateInfo*, basePipelineIndex less than the own index;
# - VkTimelineSemaphoreSubmitInfo's counts if one of the semaphores is a timeline;
# - first + count of vkCmdBindTransformFeedbackBuffersEXT and vkCmdSet*EXT by attachment.
