/* SPDX-License-Identifier: MIT */
#include "icd/image.h"

#include "icd/device.h"

#include "icd_gen_bounds.h"
#include "icd_gen_entry.h"
#include "tongs_gen_structs.h"

/* Posts the op, and makes the key of what it encodes. */
static VkResult
post_create(const struct icd_dispatchable *dev, struct icd_image *image,
            const VkImageCreateInfo *info)
{
   struct icd_connection *c = dev->connection;
   const uint64_t handle = (uintptr_t)image;
   size_t offset;

   if (icd_connection_is_lost(c))
      return tongs_ops[TONGS_OP_vkCreateImage].lost;
   struct tongs_encoder *e = icd_op_begin(c, TONGS_OP_vkCreateImage, 0, &offset);
   const size_t start = tongs_encoder_size(e);
   tongs_encode_u64(e, dev->object.id);
   tongs_encode_VkImageCreateInfo_array(e, info, 1);
   icd_requirements_key_init(&image->key, e, start);
   tongs_encode_handles(e, &handle, 1);
   return icd_post_end(c, TONGS_OP_vkCreateImage, offset);
}

VKAPI_ATTR VkResult VKAPI_CALL
icd_CreateImage(VkDevice device, const VkImageCreateInfo *pCreateInfo,
                const VkAllocationCallbacks *pAllocator, VkImage *pImage)
{
   struct icd_dispatchable *dev = icd_dispatchable_from(device);
   struct icd_image *image =
      icd_object_create_sized(dev, pAllocator, TONGS_TYPE_VkImage, sizeof(*image));
   if (!image)
      return VK_ERROR_OUT_OF_HOST_MEMORY;
   image->format = pCreateInfo->format;
   image->layers = pCreateInfo->arrayLayers;
   image->sparse = pCreateInfo->flags &
                   (VK_IMAGE_CREATE_SPARSE_BINDING_BIT | VK_IMAGE_CREATE_SPARSE_RESIDENCY_BIT |
                    VK_IMAGE_CREATE_SPARSE_ALIASED_BIT);

   VkImage created = (VkImage)(uintptr_t)image;
   struct tongs_args_vkCreateImage args = {
      .device = device, .pCreateInfo = pCreateInfo, .pImage = &created};
   const enum icd_way way = icd_way_of_CreateImage(&args);
   VkResult result = way == ICD_POST
                        ? post_create(dev, image, pCreateInfo)
                        : icd_create(dev->connection, TONGS_OP_vkCreateImage, &args, way);
   if (result < 0) {
      icd_object_destroy(dev, pAllocator, &image->base);
      return result;
   }
   *pImage = created;
   return result;
}

/* --- Memory requirements and layout --- */

static struct icd_requirements
find_requirements(struct icd_device *dev, VkImage handle, enum icd_requirements_topic topic)
{
   const struct icd_image *image = icd_image_from(handle);
   struct icd_requirements answer;
   struct icd_requirements_question question;
   struct icd_requirements_ask a;

   icd_requirements_question_init(&question, topic, image->key.bytes, image->key.size);
   if (icd_requirements_find(dev, &question, &answer, sizeof(answer)))
      return answer;
   icd_requirements_ask_begin(dev, &a, topic, VK_NULL_HANDLE, handle);
   if (icd_requirements_ask_finish(dev, &a, &answer))
      icd_requirements_keep(dev, &question, &answer, sizeof(answer));
   return answer;
}

static struct icd_requirements
image_requirements(struct icd_device *dev, VkImage handle, enum icd_requirements_topic topic)
{
   struct icd_requirements_memo *memo = &icd_image_from(handle)->memos[topic];
   struct icd_requirements answer;

   if (!icd_requirements_recall(memo, &answer)) {
      answer = find_requirements(dev, handle, topic);
      icd_requirements_memorise(memo, &answer);
   }
   return answer;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetImageMemoryRequirements(VkDevice device, VkImage image,
                               VkMemoryRequirements *pMemoryRequirements)
{
   *pMemoryRequirements =
      image_requirements(icd_device_from(device), image, ICD_REQUIREMENTS_PLAIN).memory;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetImageMemoryRequirements2(VkDevice device, const VkImageMemoryRequirementsInfo2 *pInfo,
                                VkMemoryRequirements2 *pMemoryRequirements)
{
   struct icd_device *dev = icd_device_from(device);
   enum icd_requirements_topic topic;

   if (pInfo->pNext ||
       !icd_requirements_topic_of(pMemoryRequirements->pNext, &topic)) { /* one plane */
      struct tongs_args_vkGetImageMemoryRequirements2 args = {
         .device = device, .pInfo = pInfo, .pMemoryRequirements = pMemoryRequirements};
      icd_call(dev->base.connection, TONGS_OP_vkGetImageMemoryRequirements2, &args);
      return;
   }
   struct icd_requirements answer = image_requirements(dev, pInfo->image, topic);
   icd_requirements_write(&answer, pMemoryRequirements);
}

VKAPI_ATTR void VKAPI_CALL
icd_GetImageSubresourceLayout(VkDevice device, VkImage image,
                              const VkImageSubresource *pSubresource, VkSubresourceLayout *pLayout)
{
   struct icd_device *dev = icd_device_from(device);
   const struct icd_image *img = icd_image_from(image);
   struct tongs_args_vkGetImageSubresourceLayout args = {
      .device = device, .image = image, .pSubresource = pSubresource, .pLayout = pLayout};
   struct icd_requirements_question question;

   icd_requirements_question_init(&question, ICD_REQUIREMENTS_LAYOUT, img->key.bytes,
                                  img->key.size);
   question.data.subresource = *pSubresource;
   if (icd_requirements_find(dev, &question, pLayout, sizeof(*pLayout)))
      return;
   icd_call(dev->base.connection, TONGS_OP_vkGetImageSubresourceLayout, &args);
   if (pLayout->size)
      icd_requirements_keep(dev, &question, pLayout, sizeof(*pLayout));
}

/* "If the image was not created with VK_IMAGE_CREATE_SPARSE_RESIDENCY_BIT then
 * pSparseMemoryRequirementCount will be zero". Drivers answer otherwise for images with sparse
 * binding alone, so the client answers for images without sparse flags only. */
VKAPI_ATTR void VKAPI_CALL
icd_GetImageSparseMemoryRequirements(VkDevice device, VkImage image,
                                     uint32_t *pSparseMemoryRequirementCount,
                                     VkSparseImageMemoryRequirements *pSparseMemoryRequirements)
{
   struct tongs_args_vkGetImageSparseMemoryRequirements args = {
      .device = device,
      .image = image,
      .pSparseMemoryRequirementCount = pSparseMemoryRequirementCount,
      .pSparseMemoryRequirements = pSparseMemoryRequirements,
   };

   if (icd_image_from(image)->sparse)
      icd_call(icd_dispatchable_from(device)->connection,
               TONGS_OP_vkGetImageSparseMemoryRequirements, &args);
   else
      *pSparseMemoryRequirementCount = 0;
}

VKAPI_ATTR void VKAPI_CALL
icd_GetImageSparseMemoryRequirements2(VkDevice device,
                                      const VkImageSparseMemoryRequirementsInfo2 *pInfo,
                                      uint32_t *pSparseMemoryRequirementCount,
                                      VkSparseImageMemoryRequirements2 *pSparseMemoryRequirements)
{
   struct tongs_args_vkGetImageSparseMemoryRequirements2 args = {
      .device = device,
      .pInfo = pInfo,
      .pSparseMemoryRequirementCount = pSparseMemoryRequirementCount,
      .pSparseMemoryRequirements = pSparseMemoryRequirements,
   };

   if (icd_image_from(pInfo->image)->sparse)
      icd_call(icd_dispatchable_from(device)->connection,
               TONGS_OP_vkGetImageSparseMemoryRequirements2, &args);
   else
      *pSparseMemoryRequirementCount = 0;
}
