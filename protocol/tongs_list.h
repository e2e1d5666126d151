/* SPDX-License-Identifier: MIT */

/* A circular doubly linked list whose links lie in its elements, as in Linux and Wayland.
 *
 * A `struct tongs_list` is either the head of a list or the link of one element. The list owns
 * nothing: the owner of the elements frees them. The functions do not lock and cannot fail.
 *
 *    struct job { struct tongs_list link; };
 *    struct tongs_list jobs;               // of struct job.link; owned
 *
 *    tongs_list_init(&jobs);
 *    tongs_list_append(&jobs, &job->link);
 *    tongs_list_for_each(struct job, job, &jobs, link)
 *       run(job);
 */

#ifndef TONGS_LIST_H
#define TONGS_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct tongs_list {
   struct tongs_list *prev;
   struct tongs_list *next;
};

/* Makes an empty list, or a link that is in no list. */
static inline void
tongs_list_init(struct tongs_list *list)
{
   list->prev = list;
   list->next = list;
}

/* Whether the list has no element. For a link: whether it is in no list. A zeroed link or head was
 * never initialised and counts as empty too. */
static inline bool
tongs_list_is_empty(const struct tongs_list *list)
{
   return !list->next || list->next == list;
}

/* Inserts `link`, which is in no list, behind `after`: an element's link, or the head for the
 * front. */
static inline void
tongs_list_insert(struct tongs_list *after, struct tongs_list *link)
{
   link->prev = after;
   link->next = after->next;
   after->next->prev = link;
   after->next = link;
}

/* Puts `link`, which is in no list, at the end of the list. */
static inline void
tongs_list_append(struct tongs_list *list, struct tongs_list *link)
{
   tongs_list_insert(list->prev, link);
}

/* Takes `link` out of its list. A link that is in no list stays in none. */
static inline void
tongs_list_remove(struct tongs_list *link)
{
   if (tongs_list_is_empty(link))
      return;
   link->prev->next = link->next;
   link->next->prev = link->prev;
   tongs_list_init(link);
}

/* Moves all elements of `from` to the end of `list`. `from` is empty afterwards. */
static inline void
tongs_list_splice(struct tongs_list *list, struct tongs_list *from)
{
   if (tongs_list_is_empty(from))
      return;
   from->next->prev = list->prev;
   list->prev->next = from->next;
   from->prev->next = list;
   list->prev = from->prev;
   tongs_list_init(from);
}

/* The element of type `type` whose member `member` is the link. */
#define tongs_list_entry(link_ptr, type, member) \
   ((type *)((char *)(link_ptr)-offsetof(type, member)))

/* The first element; NULL if the list is empty. */
#define tongs_list_first(list, type, member) \
   (tongs_list_is_empty(list) ? NULL : tongs_list_entry((list)->next, type, member))

/* Visits each element in order as `type *pos`. The body must not remove `pos`. */
#define tongs_list_for_each(type, pos, list, member) \
   for (type *pos = tongs_list_entry((list)->next, type, member); &pos->member != (list); \
        pos = tongs_list_entry(pos->member.next, type, member))

/* The same; the body may remove `pos` and free it. */
#define tongs_list_for_each_safe(type, pos, list, member) \
   for (type *pos = tongs_list_entry((list)->next, type, member), \
             *pos##_next = tongs_list_entry(pos->member.next, type, member); \
        &pos->member != (list); \
        pos = pos##_next, pos##_next = tongs_list_entry(pos->member.next, type, member))

#endif
